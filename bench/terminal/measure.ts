import { cpuSeconds, proportionalMB } from '../product/process-cost.ts'
import { type Line, typeLines } from '../product/shell-work.ts'
import type { Gateway, Shell } from './gateway.ts'
import type { PasswordHost } from './password-host.ts'

export type Cost = { bytes: number; cpuMs: number; seconds: number }

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const cpuMsOf = (gateway: Gateway) => gateway.pids().reduce((sum, pid) => sum + cpuSeconds(pid) * 1000, 0)

/** What `work` costs the gateway, from its beginning until nothing comes any more. */
async function costOf(gateway: Gateway, shell: Shell, work: () => Promise<void>): Promise<Cost> {
  await shell.quiet(QUIET_MS)
  const [bytes, cpuMs, begun] = [shell.traffic(), cpuMsOf(gateway), performance.now()]
  await work()
  const seconds = (performance.now() - begun) / 1000
  await shell.quiet(QUIET_MS)
  return { bytes: shell.traffic() - bytes, cpuMs: cpuMsOf(gateway) - cpuMs, seconds }
}
const QUIET_MS = 500

/** A picture may come before the login is over, and what is typed then is lost: resolves when a command was carried out. */
export async function untilShell(shell: Shell, host: PasswordHost): Promise<void> {
  const ready = `ready-${performance.now()}`
  for (let tries = 0; !host.has(ready); tries += 1) {
    if (tries === 400) throw new Error('no shell answered')
    if (tries % 20 === 0) shell.type(`touch ${ready}\r`)
    await pause(50)
  }
}

/** `times`: one look at the clock of the processor, which ticks every 10 ms, before all of them and one after. */
export const costOfWork = (gateway: Gateway, shell: Shell, work: readonly Line[], times = 1): Promise<Cost> =>
  costOf(gateway, shell, async () => {
    for (let n = 0; n < times; n += 1) {
      if (n > 0) await shell.quiet(QUIET_MS)
      await typeLines(work, shell.type)
    }
  })

/** A long file on the screen as fast as it goes; over when the shell has written its last byte. */
export function costOfFlood(gateway: Gateway, shell: Shell, host: PasswordHost): Promise<Cost> {
  const done = `done-${performance.now()}`
  return costOf(gateway, shell, async () => {
    shell.type(`cat flood.txt; touch ${done}\r`)
    while (!host.has(done)) await pause(5)
  })
}

/** From now on the terminal of the host echoes, and nothing else happens. */
export async function listen(shell: Shell): Promise<void> {
  shell.type('cat > /dev/null\r')
  await shell.quiet(QUIET_MS)
}

/** Milliseconds from a key to the first frame that answers it. */
export async function echoTimes(shell: Shell, keys: number): Promise<number[]> {
  const times: number[] = []
  for (let n = 0; n < keys; n += 1) {
    // Between 30 and 70 ms, so that no rhythm of a gateway meets that of the typist.
    await pause(30 + ((n * 7919) % 41))
    const begun = performance.now()
    const frame = shell.nextFrame()
    shell.type(n % 60 === 59 ? '\r' : 'x')
    await frame
    times.push(performance.now() - begun)
  }
  return times
}

export type Crowd = {
  memoryMB: number
  /** Of one core, in percent. */
  idle: number
  typing: number
}

/**
 * Many sessions at once: the memory that they add, and what they take of a core while nobody, and while everybody types. `settleMs`:
 * what a session does once after its last output is over by then, but for its slice, which a recorder closes after a minute.
 */
export async function costOfCrowd(
  gateway: Gateway,
  { sessions, settleMs, watchMs }: { sessions: number; settleMs: number; watchMs: number },
): Promise<Crowd> {
  const memory = () => gateway.pids().reduce((sum, pid) => sum + proportionalMB(pid), 0)
  const first = await gateway.open()
  await first.quiet(QUIET_MS)
  const before = memory()
  const shells = [first]
  while (shells.length < sessions) {
    // guacd answers late when more than four come at once.
    shells.push(...(await Promise.all([...Array(Math.min(4, sessions - shells.length))].map(() => gateway.open()))))
  }
  await pause(settleMs)
  const memoryMB = memory() - before
  const percent = async (work: () => Promise<void>) => {
    const [cpuMs, begun] = [cpuMsOf(gateway), performance.now()]
    await work()
    return ((cpuMsOf(gateway) - cpuMs) / (performance.now() - begun)) * 100
  }
  const idle = await percent(async () => void (await pause(watchMs)))
  const typing = await percent(async () => {
    for (const end = performance.now() + watchMs; performance.now() < end; ) {
      // Two keys a second each, spread over the time.
      for (const shell of shells) {
        shell.type('x')
        await pause(500 / shells.length)
      }
    }
  })
  for (const shell of shells) shell.close()
  return { memoryMB: memoryMB / (sessions - 1), idle, typing }
}
