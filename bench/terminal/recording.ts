import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { familyOf } from '../product/process-cost.ts'
import type { Line } from '../product/shell-work.ts'
import { type Row, row } from '../report.ts'
import { endChild, startChild } from './child.ts'
import { createMeter, type Gateway } from './gateway.ts'
import { costOfFlood, costOfWork } from './measure.ts'
import type { PasswordHost } from './password-host.ts'
import { SCREEN } from './screen.ts'

/**
 * What recording adds. The product has no way to leave it out, so the gateway's parts between SSH and the WebSocket run in a process
 * of their own, once with the recorder and once with one that keeps nothing.
 */
export async function costOfRecording(
  host: PasswordHost,
  folder: string,
  { floods, work: lines, quick }: { floods: number; work: readonly Line[]; quick: boolean },
): Promise<Row[]> {
  const costs: { work: number; flood: number; megabytes: number }[] = []
  for (const recorded of [true, false]) {
    const gateway = await startParts(host, join(folder, String(recorded)), recorded)
    try {
      const shell = await gateway.open()
      const warm = await costOfFlood(gateway, shell, host)
      if (!quick) await costOfWork(gateway, shell, lines)
      const work = await costOfWork(gateway, shell, lines)
      let flood = 0
      for (let n = 0; n < floods; n += 1) flood += (await costOfFlood(gateway, shell, host)).cpuMs
      costs.push({ work: work.cpuMs, flood, megabytes: (floods * warm.bytes) / 1e6 })
      shell.close()
    } finally {
      await gateway.close()
    }
  }
  const [on, off] = costs
  if (!on || !off) throw new Error('nothing was measured')
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
      value: on.flood / on.megabytes,
      peer: { name: peer, value: off.flood / off.megabytes },
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
