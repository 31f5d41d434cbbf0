import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Clock } from '../kernel/clock.ts'
import { netconfErrors } from './errors.ts'
import type { Handshake, Step } from './plan.ts'

type ByManagement = Extract<Handshake, { by: 'management' }>

/** OpenVPN sends its first packet again after a second, then two, four …; begun anew it sends at once. */
const RENEW_MS = 350
/** Now and then a longer wait, for a server that is further away than that. */
const PATIENT_EVERY = 8
const PATIENT_MS = 2_000
/** Once its TCP port is open the server is there, and how far away it is is known: beyond the way there and back it has this to answer. */
const ANSWERS_WITHIN_MS = 150
/** How long the UDP port of a server whose TCP port is open may say nothing. */
const UDP_ANSWERS_WITHIN_MS = 1_500
const KNOCK_MS = 100
/** A knock that was lost the kernel sends again after a second; one answered before has the way there and back, and no more. */
const KNOCK_WITHIN_MS = 900
const LOOK_MS = 10

/**
 * Waits for OpenVPN to be connected, over its management interface (OpenVPN's doc/management-notes.txt): begins its attempt anew while nothing has answered
 * and at once when the server opens, and goes over to TCP when the server is there and its UDP port is not. False when `giveUpAt` passed.
 */
export async function meetByManagement(
  { sockets, server, overTcp }: ByManagement,
  { clock, attempt }: { clock: Clock; attempt(step: Step): Promise<void> },
  giveUpAt: number,
  signal: AbortSignal,
): Promise<boolean> {
  const door = watchDoor(server, clock)
  let client = await manage(sockets.udp, clock, giveUpAt, signal)
  let byTcp = false
  let renewals = 0
  try {
    while (clock.now() < giveUpAt) {
      const { state, since, ended } = client.heard()
      if (ended !== undefined) throw netconfErrors.NETCONF_STEP_FAILED({ command: 'openvpn', reason: ended })
      if (state === 'CONNECTED') {
        // From here on it starts anew by itself, whenever it has to.
        client.say('hold off')
        return true
      }
      const unanswered = state === 'WAIT' || state === 'CONNECTING'
      const opened = door.opened()
      if (!byTcp && unanswered && opened && clock.now() - opened.at > UDP_ANSWERS_WITHIN_MS) {
        byTcp = true
        client.end()
        for (const step of overTcp) await attempt(step)
        client = await manage(sockets.tcp, clock, giveUpAt, signal)
      } else if (unanswered && clock.now() - since > patience(renewals, since, opened)) {
        renewals += 1
        client.renew()
      }
      await clock.sleep(LOOK_MS, signal)
    }
    return false
  } finally {
    client.end()
    door.close()
  }
}

/** ms that an attempt begun at `since` is given to be answered. */
function patience(renewals: number, since: number, opened: Opened | undefined): number {
  // What was sent before the knock that found the door open may have come to a closed one.
  if (opened && since < opened.knockedAt) return 0
  if (renewals % PATIENT_EVERY === PATIENT_EVERY - 1) return PATIENT_MS
  return opened ? opened.at - opened.knockedAt + ANSWERS_WITHIN_MS : RENEW_MS
}

/** The process opens its socket a moment after it has gone to the background. */
async function manage(path: string, clock: Clock, giveUpAt: number, signal: AbortSignal) {
  for (;;) {
    const socket = connect(path)
    const open = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    if (open || clock.now() > giveUpAt) return listenTo(socket, clock)
    await clock.sleep(LOOK_MS, signal)
  }
}

function listenTo(socket: Socket, clock: Clock) {
  let state = ''
  let since = clock.now()
  let fatal = 'it ended'
  let ended: string | undefined
  const say = (command: string) => socket.write(`${command}\n`)
  const lines = createInterface({ input: socket })
  // What failed, `close` tells; readline hands an error of its input on.
  for (const one of [socket, lines]) one.on('error', () => {})
  socket.once('close', () => {
    ended = fatal
  })
  lines.on('line', (line) => {
    if (line.startsWith('>HOLD:')) say('hold release')
    if (line.startsWith('>FATAL:')) fatal = line.slice('>FATAL:'.length)
    const [, named] = /^>STATE:\d+,([A-Z_]+),/.exec(line) ?? []
    if (named === undefined) return
    state = named
    since = clock.now()
  })
  say('state on')
  return {
    heard: () => ({ state, since, ended }),
    say,
    renew() {
      state = ''
      say('signal SIGUSR1')
    },
    end: () => socket.end(),
  }
}

/** When the knock that found the door open was sent, and when it was answered. */
type Opened = { knockedAt: number; at: number }

/** Knocks at the server's TCP port until it opens: the server is up from then on. Whoever has got in does not wait for knocks that were lost. */
function watchDoor({ host, port }: { host: string; port: number }, clock: Clock) {
  const knocks = new Set<Socket>()
  let opened: Opened | undefined
  const knock = () => {
    const knockedAt = clock.now()
    const socket = connect({ host, port, timeout: KNOCK_WITHIN_MS })
    knocks.add(socket)
    socket.once('connect', () => {
      opened ??= { knockedAt, at: clock.now() }
      close()
    })
    socket.once('timeout', () => socket.destroy())
    socket.once('error', () => {})
    socket.once('close', () => knocks.delete(socket))
  }
  const close = () => {
    clearInterval(again)
    for (const socket of knocks) socket.destroy()
  }
  const again = setInterval(knock, KNOCK_MS)
  knock()
  return { opened: () => opened, close }
}
