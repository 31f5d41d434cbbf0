import { connect, type Socket } from 'node:net'
import type { Clock } from '../../kernel/clock.ts'
import { reasonOf } from '../../kernel/errors.ts'
import { gatewayErrors } from '../errors.ts'

export type ShellTarget = {
  instanceId: string
  host: string
  port: number
  /** ms for the port to answer, and again for the login. */
  timeoutMs: number
}

/** EC2 says `running` when the machine has power; its sshd comes up some 10 to 60 s later. */
export type Boot = {
  /** Until then a port that does not answer is tried again. */
  until: number
  clock: Clock
  /** Called once, before the second try. */
  onWait(): void
}

/** Between two tries, in ms. */
const PAUSE_MS = 1_000

/** Resolves when the port answers; rejects with TARGET_UNREACHABLE, of a host that boots not before its time is over. */
export async function reachPort(target: ShellTarget, { until, clock, onWait }: Boot): Promise<Socket> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await tryPort(target)
    } catch (cause) {
      const { instanceId: instance, port } = target
      if (clock.now() + PAUSE_MS > until) {
        throw gatewayErrors.TARGET_UNREACHABLE({ instance, port, reason: reasonOf(cause) }, { cause })
      }
      if (tries === 1) onWait()
      await clock.sleep(PAUSE_MS)
    }
  }
}

function tryPort({ host, port, timeoutMs }: ShellTarget): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true })
    // It stays: a host may hang up before anybody else listens, and an error that nobody hears ends the process.
    socket.on('error', reject)
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)))
    socket.once('connect', () => {
      socket.setTimeout(0)
      resolve(socket)
    })
  })
}
