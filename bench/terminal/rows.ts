import { quantile, type Row, row } from '../report.ts'
import type { Cost, Crowd } from './measure.ts'

/** Everything that was measured of one gateway. */
export type Measured = {
  name: string
  floodMB: number
  work: Cost
  flood: Cost
  echo: number[]
  crowd: Crowd
  sessions: number
}

const MB = 1e6
const cpuOfFlood = ({ flood, floodMB }: Measured) => flood.cpuMs / floodMB
const cpuOfWork = ({ work }: Measured) => (work.cpuMs / work.seconds / 1000) * 100

type Compared = {
  name: string
  unit: string
  of: (one: Measured) => number
  /** Ours is to be at most so many times the peer's. */
  goal?: number
}

const wording = (goal: number) => (goal === 1 ? 'no worse' : `≤ 1/${1 / goal}`)

function compare(ours: Measured, peer: Measured | { absent: string }, what: readonly Compared[]): Row[] {
  return what.map(({ name, unit, of, goal }) => {
    const value = of(ours)
    if ('absent' in peer)
      return row({ name, unit, value, peer, ...(goal === undefined ? {} : { goal: { text: wording(goal) } }) })
    const peerValue = of(peer)
    return row({
      name,
      unit,
      value,
      peer: { name: peer.name, value: peerValue },
      ...(goal === undefined ? {} : { goal: { text: wording(goal), met: value <= goal * peerValue } }),
    })
  })
}

export function againstGuacamole(ours: Measured, guacamole: Measured | undefined): Row[] {
  return compare(ours, guacamole ?? { absent: 'guacd is not installed: script/bootstrap --only guacd' }, [
    {
      name: 'bytes to and from the browser, a working session',
      unit: 'KB',
      of: ({ work }) => work.bytes / 1000,
      goal: 1 / 10,
    },
    {
      name: `bytes to and from the browser, ${ours.floodMB} MB of text at once`,
      unit: 'MB',
      of: ({ flood }) => flood.bytes / MB,
    },
    { name: 'CPU a megabyte of shell output', unit: 'ms', of: cpuOfFlood, goal: 1 / 5 },
    { name: 'CPU of a working session, of one core', unit: '%', of: cpuOfWork },
    { name: 'key → first frame, p50', unit: 'ms', of: ({ echo }) => quantile(echo, 0.5), goal: 1 },
    { name: 'key → first frame, p99', unit: 'ms', of: ({ echo }) => quantile(echo, 0.99), goal: 1 },
    { name: 'memory a session', unit: 'MB', of: ({ crowd }) => crowd.memoryMB },
  ])
}

const recordedCost: readonly Compared[] = [
  { name: 'CPU a megabyte of shell output, recorded', unit: 'ms', of: cpuOfFlood },
  { name: 'memory a session, recorded', unit: 'MB', of: ({ crowd }) => crowd.memoryMB },
]
const recordedEcho: Compared = {
  name: 'key → first frame, p99, recorded',
  unit: 'ms',
  of: ({ echo }) => quantile(echo, 0.99),
  goal: 1,
}

/** The relay does less than any web terminal, so only what a person feels is held against it. */
export function againstRelay(ours: Measured, relay: Measured): Row[] {
  return compare(ours, relay, [
    ...recordedCost,
    { name: 'CPU of a working session, of one core, recorded', unit: '%', of: cpuOfWork },
    { name: 'key → first frame, p50, recorded', unit: 'ms', of: ({ echo }) => quantile(echo, 0.5) },
    recordedEcho,
  ])
}

/** The usual web terminal on ssh2, which records nothing. */
export function againstWebssh2(ours: Measured, webssh2: Measured | undefined): Row[] {
  return compare(ours, webssh2 ?? { absent: 'webssh2-server is not here: script/bootstrap --only webssh2' }, [
    ...recordedCost.map((one) => ({ ...one, goal: 1 })),
    recordedEcho,
  ])
}

/** Stated, not compared. */
export function crowded({ crowd, sessions }: Measured): Row[] {
  return [
    row({ name: `memory of ${sessions} sessions`, unit: 'MB', value: crowd.memoryMB * sessions }),
    row({ name: `CPU of ${sessions} idle sessions, of one core`, unit: '%', value: crowd.idle }),
    row({
      name: `CPU of ${sessions} sessions with two keys a second each, of one core`,
      unit: '%',
      value: crowd.typing,
    }),
  ]
}
