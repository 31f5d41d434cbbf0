import type { Readable, Writable } from 'node:stream'
import type { ProtocolMapping } from 'devtools-protocol/types/protocol-mapping.js'

type Commands = ProtocolMapping.Commands
type Events = ProtocolMapping.Events

type Answer = {
  id?: number
  method?: string
  params?: unknown
  sessionId?: string
  result?: unknown
  error?: { message: string }
}

/** The browser's DevTools protocol over its own two pipes: no port is open that another program could join. */
export type DevTools = {
  send<M extends keyof Commands>(
    method: M,
    params: Commands[M]['paramsType'][0],
    sessionId?: string,
  ): Promise<Commands[M]['returnType']>
  on<E extends keyof Events>(event: E, listener: (params: Events[E][0], sessionId: string | undefined) => void): void
}

/** Messages are JSON, each ended by a NUL byte (Chromium, `--remote-debugging-pipe`). */
export function speakDevTools(toBrowser: Writable, fromBrowser: Readable): DevTools {
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (reason: Error) => void }>()
  const listeners = new Map<string, ((params: never, sessionId: string | undefined) => void)[]>()
  let next = 1
  const chunks: Buffer[] = []

  const hear = (text: string) => {
    const answer: Answer = JSON.parse(text)
    if (answer.id === undefined) {
      for (const listener of listeners.get(answer.method ?? '') ?? [])
        listener(answer.params as never, answer.sessionId)
      return
    }
    const asked = waiting.get(answer.id)
    waiting.delete(answer.id)
    if (answer.error) asked?.reject(new Error(answer.error.message))
    else asked?.resolve(answer.result as never)
  }
  fromBrowser.on('data', (chunk: Buffer) => {
    let rest = chunk
    for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
      chunks.push(rest.subarray(0, end))
      hear(Buffer.concat(chunks.splice(0)).toString('utf8'))
      rest = rest.subarray(end + 1)
    }
    if (rest.length > 0) chunks.push(rest)
  })
  const gone = () => {
    for (const { reject } of waiting.values()) reject(new Error('the browser ended'))
    waiting.clear()
  }
  fromBrowser.once('close', gone).once('error', gone)
  // Writing to a browser that is gone tells nothing that `close` does not.
  toBrowser.on('error', gone)

  return {
    send: (method, params, sessionId) =>
      new Promise((resolve, reject) => {
        const id = next++
        waiting.set(id, { resolve, reject })
        toBrowser.write(`${JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) })}\0`)
      }),
    on(event, listener) {
      listeners.set(event, [...(listeners.get(event) ?? []), listener])
    },
  }
}
