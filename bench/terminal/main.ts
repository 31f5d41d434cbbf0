import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shellWork } from '../product/shell-work.ts'
import { report } from '../report.ts'
import type { Gateway, Shell } from './gateway.ts'
import { guacdVersion, startGuacamole } from './guacamole.ts'
import {
  type Cost,
  type Crowd,
  costOfCrowd,
  costOfFlood,
  costOfWork,
  echoTimes,
  listen,
  untilShell,
} from './measure.ts'
import { startOurGateway } from './our-gateway.ts'
import { type PasswordHost, startPasswordHost } from './password-host.ts'
import { costOfRecording } from './recording.ts'
import { startRelay } from './relay.ts'
import { againstGuacamole, againstRelay, againstWebssh2, crowded, type Measured } from './rows.ts'
import { hasWebssh2, startWebssh2 } from './webssh2.ts'

/**
 * One sshd, one user, one password, through our gateway (as built, signed in, recorded), through guacd and guacamole-lite, through the
 * usual web terminal on our SSH library, and through the least that one can be. Each is warm before it is measured.
 */
const quick = process.argv.includes('--quick')
const FLOOD_MB = quick ? 1 : 16
const FLOODS = quick ? 1 : 15
/** By each of the processes that are compared. */
const RECORDED_FLOODS = quick ? 1 : 2
const KEYS = quick ? 10 : 400
/** So many blocks of keys each. */
const TURNS = quick ? 1 : 5
const SESSIONS = quick ? 3 : 200
/** What a collector has left when one looks is chance: the middle of so many crowds by memory, each of a gateway of its own. */
const CROWDS = quick ? 1 : 3
/** guacd takes about 10 MB and a process a session, and answers late in crowds: fewer, and multiplied. */
const GUACD_SESSIONS = quick ? 2 : 20
const WORK = shellWork('notes.txt').slice(...(quick ? [1, 2] : []))
const WATCH_MS = quick ? 500 : 5_000
const SETTLE_MS = quick ? 500 : 25_000

type Open = Measured & { gateway: Gateway; shell: Shell; floods: Cost[] }

function middleOf<T>(all: readonly T[], by: (one: T) => number): T {
  const middle = all.toSorted((a, b) => by(a) - by(b))[Math.floor(all.length / 2)]
  if (middle === undefined) throw new Error('nothing was measured')
  return middle
}

type Start = (host: PasswordHost) => Promise<Gateway>

/** Its crowd before anything else: later its heap has room from floods, and a crowd would seem to cost nothing. */
async function open(host: PasswordHost, start: Start, sessions: number, crowds: number): Promise<Open> {
  const crowdOf = (gateway: Gateway) => costOfCrowd(gateway, { sessions, settleMs: SETTLE_MS, watchMs: WATCH_MS })
  const all: Crowd[] = []
  while (all.length < crowds - 1) {
    const gateway = await start(host)
    all.push(await crowdOf(gateway).finally(gateway.close))
  }
  const gateway = await start(host)
  try {
    all.push(await crowdOf(gateway))
    const crowd = middleOf(all, ({ memoryMB }) => memoryMB)
    const shell = await gateway.open()
    await untilShell(shell, host)
    if (!quick) {
      await costOfFlood(gateway, shell, host)
      await costOfWork(gateway, shell, WORK)
    }
    const none: Cost = { bytes: 0, cpuMs: 0, seconds: 0 }
    const { name } = gateway
    return { name, floodMB: FLOOD_MB, work: none, flood: none, echo: [], crowd, sessions, gateway, shell, floods: [] }
  } catch (error) {
    await gateway.close()
    throw error
  }
}

/** In turns, so that what the machine does meanwhile meets all. */
async function measureInTurns(host: PasswordHost, all: readonly Open[]): Promise<void> {
  for (const one of all) one.work = await costOfWork(one.gateway, one.shell, WORK)
  for (let n = 0; n < FLOODS; n += 1) {
    for (const { gateway, shell, floods } of all) floods.push(await costOfFlood(gateway, shell, host))
  }
  for (const one of all) {
    one.flood = middleOf(one.floods, ({ cpuMs }) => cpuMs)
    await listen(one.shell)
  }
  for (let n = 0; n < TURNS; n += 1) {
    for (const { shell, echo } of all) echo.push(...(await echoTimes(shell, KEYS / TURNS)))
  }
  for (const { shell } of all) shell.close()
}

const host = await startPasswordHost({ flood: FLOOD_MB })
const folder = mkdtempSync(join(tmpdir(), 'enchilada-bench-recording-'))
const opened: Open[] = []
try {
  const start = async (way: Start, sessions = SESSIONS, crowds = CROWDS) => {
    const one = await open(host, way, sessions, crowds)
    opened.push(one)
    return one
  }
  const ours = await start(startOurGateway)
  const relay = await start(startRelay)
  const webssh2 = hasWebssh2() ? await start(startWebssh2) : undefined
  const guacamole = guacdVersion() ? await start(startGuacamole, GUACD_SESSIONS, 1) : undefined
  await measureInTurns(host, opened)
  for (const { gateway } of opened.splice(0)) await gateway.close()
  const recording = await costOfRecording(host, folder, { floods: RECORDED_FLOODS, work: WORK, quick })
  report([
    ...againstGuacamole(ours, guacamole),
    ...againstRelay(ours, relay),
    ...againstWebssh2(ours, webssh2),
    ...recording,
    ...crowded(ours),
  ])
} finally {
  for (const { gateway } of opened) await gateway.close()
  rmSync(folder, { recursive: true, force: true })
  await host.stop()
}
