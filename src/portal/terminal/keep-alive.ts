import type { WebSocket } from 'ws'
import type { WebSession } from '../../sign-in/web-sessions.ts'
import type { Parts } from '../parts.ts'

const PING_MS = 20_000

/**
 * Each 20 s: a ping, which finds dead peers and keeps proxies from closing what is silent; and a look whether the person is still
 * signed in. Whoever types stays signed in. `onSignedOut` is called once. Returns how to stop.
 */
export function keepAlive(
  parts: Parts,
  socket: WebSocket,
  session: WebSession,
  onSignedOut: (reason: 'access-ended' | 'signed-out') => void,
): () => void {
  let answered = true
  let typed = false
  const signedOut = (reason: 'access-ended' | 'signed-out') => {
    onSignedOut(reason)
    stop()
  }
  const close = () => signedOut('access-ended')
  const remove = parts.doors.add({ sessionHash: session.hash, personId: session.person.id, close })
  const beat = async () => {
    const stillSignedIn = await parts.signIn.sessions.findByHash(session.hash, { use: typed })
    typed = false
    if (!stillSignedIn) return signedOut('signed-out')
    // A paused socket does not read the answer either: that is our doing.
    if (!answered && !socket.isPaused) return socket.terminate()
    answered = false
    socket.ping()
  }
  const timer = setInterval(() => {
    beat().catch((error: unknown) => parts.log.warn({ error }, 'a terminal could not be looked after'))
  }, PING_MS)
  socket.on('pong', () => {
    answered = true
  })
  socket.on('message', () => {
    typed = true
  })
  const stop = () => {
    clearInterval(timer)
    remove()
  }
  return stop
}
