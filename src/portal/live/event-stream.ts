import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import type { WebSession } from '../../sign-in/web-sessions.ts'
import type { Parts } from '../parts.ts'
import { createOutbox, type Outbox } from './outbox.ts'

/** Proxies close what is silent for a minute; each beat also looks whether the person is still signed in. */
const BEAT_MS = 15_000

/**
 * A live list as server-sent events: `ready` first (read the list now), then what `follow` puts into the outbox,
 * `reset` when something was missed. Ends with the web session; a browser that comes back gets `ready` again.
 */
export async function streamEvents(
  call: { parts: Parts; session: WebSession; c: Context },
  kind: 'connections' | 'sessions',
  follow: (outbox: Outbox) => Promise<() => void>,
): Promise<Response> {
  const { parts, session, c } = call
  const outbox = createOutbox()
  const over = new AbortController()
  const end = () => {
    outbox.close()
    over.abort()
  }
  // Other policies, other rows: the browser comes back and reads the list anew.
  const stop = parts.access.onPolicies(end)
  const leave = await follow(outbox).catch((error: unknown) => {
    stop()
    throw error
  })
  const remove = parts.doors.add({ sessionHash: session.hash, personId: session.person.id, close: end })
  parts.meters.stream(kind, 1)
  // A proxy that gathers answers would hold back the events.
  c.header('X-Accel-Buffering', 'no')
  return streamSSE(c, async (stream) => {
    stream.onAbort(outbox.close)
    // What is written waits for a browser that does not read (a HEAD is such a one); aborting lets it go.
    over.signal.addEventListener('abort', () => stream.abort())
    const put = async (written: Promise<unknown>) => {
      const late = setTimeout(end, BEAT_MS)
      await written
      clearTimeout(late)
    }
    try {
      await put(stream.writeSSE({ event: 'ready', data: '{}' }))
      while (!outbox.closed && !stream.aborted) {
        const next = await outbox.next(BEAT_MS)
        if (next) await put(stream.writeSSE({ event: next.event, data: JSON.stringify(next.data) }))
        else if (!(await parts.signIn.sessions.findByHash(session.hash, { use: false }))) outbox.close()
        else await put(stream.write(': beat\n\n'))
      }
    } finally {
      outbox.close()
      stop()
      leave()
      remove()
      parts.meters.stream(kind, -1)
    }
  })
}
