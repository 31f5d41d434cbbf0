import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { familyOf } from '../product/process-cost.ts'
import type { Line } from '../product/shell-work.ts'
import { type Row, row } from '../report.ts'
import { endChild, startChild } from './child.ts'
import { createMeter, type Gateway, type Shell } from './gateway.ts'
import { costOfFlood, costOfWork } from './measure.ts'
import type { PasswordHost } from './password-host.ts'
import { SCREEN } from './screen.ts'

/** The tick of a process's CPU time is 10 ms: one run of the work tells no tenth of what it costs. */
const WORKS = 6
/** What runs a few times a second is compiled late: the first minute of a process costs more than all later ones. */
const WARM_WORKS = 3
/** Two processes of one kind differ by as much as the recorder costs: what is compiled when, and what is collected, is chance. */
const PROCESSES = 12

/** `work`, `flood`: ms of CPU, all of them together. `bytes`: of one flood. */
type Side = { recorded: boolean; gateway: Gateway; shell: Shell; work: number; flood: number; bytes: number }

/**
 * What recording adds. The product has no way to leave it out, so the gateway's parts between SSH and the WebSocket run in processes
 * of their own, with the recorder and with one that keeps nothing. All do the same work at the same time, which takes a few percent of
 * a core each, and take turns with floods, so that what the machine does meanwhile meets all.
 */
export async function costOfRecording(
  host: PasswordHost,
  folder: string,
  { floods, work: lines, quick }: { floods: number; work: readonly Line[]; quick: boolean },
): Promise<Row[]> {
  const gateways: Gateway[] = []
  const sides: Side[] = []
  const workAtOnce = (times: number) =>
    Promise.all(sides.map(async (side) => ({ side, cost: await costOfWork(side.gateway, side.shell, lines, times) })))
  const works = quick ? 1 : WORKS
  const processes = quick ? 1 : PROCESSES
  try {
    for (let n = 0; n < processes; n += 1) {
      for (const recorded of [true, false]) {
        const gateway = await startParts(host, join(folder, `${recorded}-${n}`), recorded)
        gateways.push(gateway)
        const shell = await gateway.open()
        const { bytes } = await costOfFlood(gateway, shell, host)
        sides.push({ recorded, gateway, shell, work: 0, flood: 0, bytes })
      }
    }
    if (!quick) await workAtOnce(WARM_WORKS)
    for (const { side, cost } of await workAtOnce(works)) side.work = cost.cpuMs
    for (let n = 0; n < floods; n += 1) {
      for (const side of sides) side.flood += (await costOfFlood(side.gateway, side.shell, host)).cpuMs
    }
    for (const { shell } of sides) shell.close()
  } finally {
    for (const gateway of gateways) await gateway.close()
  }
  const meanOf = (recorded: boolean) => {
    const those = sides.filter((side) => side.recorded === recorded)
    const sum = (what: 'work' | 'flood' | 'bytes') => those.reduce((total, side) => total + side[what], 0)
    return { work: sum('work') / works / processes, flood: sum('flood') / ((floods * sum('bytes')) / 1e6) }
  }
  const [on, off] = [meanOf(true), meanOf(false)]
  const peer = 'the same parts with a recorder that keeps nothing'
  return [
    row({
      name: 'CPU of a working session, recorded; the gateway’s parts in process',
      unit: 'ms',
      value: on.work,
      peer: { name: peer, value: off.work },
      goal: { text: 'recording adds ≤ 10 %', met: on.work <= off.work * 1.1 },
    }),
    row({
      name: 'CPU a megabyte of text at once, recorded; the gateway’s parts in process',
      unit: 'ms',
      value: on.flood,
      peer: { name: peer, value: off.flood },
    }),
  ]
}

async function startParts(host: PasswordHost, folder: string, recorded: boolean): Promise<Gateway> {
  mkdirSync(folder, { recursive: true })
  const { port, userName, password, hostKey } = host
  const settings = { recorded, folder, port, userName, password, hostKey, ...SCREEN }
  const { child, told, pid } = await startChild<{ port: number }>('recording-parts.ts', settings)
  return {
    name: recorded ? 'recorded' : 'not recorded',
    pids: () => familyOf(pid),
    close: () => endChild(child),
    async open() {
      const meter = createMeter()
      const socket = new WebSocket(`ws://127.0.0.1:${told.port}`, { perMessageDeflate: false })
      socket.on('message', (bytes: Buffer) => meter.came(bytes.length, true))
      const prompt = meter.nextFrame()
      await once(socket, 'open')
      await prompt
      await meter.quiet(300)
      return { ...meter, type: (text) => socket.send(Buffer.from(text)), close: () => socket.close() }
    },
  }
}
