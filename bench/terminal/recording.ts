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
const WORKS = 8
/** What runs a few times a second is compiled late: the first minute of a process costs more than all later ones. */
const WARM_WORKS = 3

/**
 * What recording adds. The product has no way to leave it out, so the gateway's parts between SSH and the WebSocket run in a process
 * of their own, once with the recorder and once with one that keeps nothing; both live at once and take turns, so that what the
 * machine does meanwhile meets both.
 */
export async function costOfRecording(
  host: PasswordHost,
  folder: string,
  { floods, work: lines, quick }: { floods: number; work: readonly Line[]; quick: boolean },
): Promise<Row[]> {
  const on = { recorded: true, work: 0, flood: 0 }
  const off = { recorded: false, work: 0, flood: 0 }
  let megabytes = 0
  const gateways: Gateway[] = []
  try {
    const sides: { cost: typeof on; gateway: Gateway; shell: Shell }[] = []
    for (const cost of [on, off]) {
      const gateway = await startParts(host, join(folder, String(cost.recorded)), cost.recorded)
      gateways.push(gateway)
      const shell = await gateway.open()
      sides.push({ cost, gateway, shell })
      const warm = await costOfFlood(gateway, shell, host)
      megabytes = (floods * warm.bytes) / 1e6
      for (let n = 0; n < (quick ? 0 : WARM_WORKS); n += 1) await costOfWork(gateway, shell, lines)
    }
    for (let n = 0; n < (quick ? 1 : WORKS); n += 1) {
      for (const { cost, gateway, shell } of sides) cost.work += (await costOfWork(gateway, shell, lines)).cpuMs
    }
    for (let n = 0; n < floods; n += 1) {
      for (const { cost, gateway, shell } of sides) cost.flood += (await costOfFlood(gateway, shell, host)).cpuMs
    }
    for (const { shell } of sides) shell.close()
  } finally {
    for (const gateway of gateways) await gateway.close()
  }
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
      value: on.flood / megabytes,
      peer: { name: peer, value: off.flood / megabytes },
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
