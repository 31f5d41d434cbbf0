import { createSocket } from 'node:dgram'
import * as z from 'zod'
import type { TunnelAddresses } from './addresses.ts'
import { GUARD_PORT } from './user-data.ts'

/** The one door of the server that its client may knock at: UDP through the tunnel, so only the peer can. */
export type GuardLink = {
  /** ms since 1970 of the last answer. */
  heardAt(): number | undefined
  /** What the server says its end is, ms since 1970. */
  until(): number | undefined
  /** True when the server said that it ends. It needs no AWS credentials. */
  sayDown(withinMs: number): Promise<boolean>
  close(): void
}

/** Two of them unanswered are the first sign of a lost server. The server takes 10 s of silence for a lost connection. */
const BEAT_MS = 250
const ASK_AGAIN_MS = 200

export function openGuardLink(
  { server, client }: Pick<TunnelAddresses, 'server' | 'client'>,
  now: () => number,
): GuardLink {
  const socket = createSocket('udp4')
  let heardAt: number | undefined
  let until: number | undefined
  let hearEnding: () => void = () => {}
  // While the network is away, sending fails; the next beat tells.
  const say = (word: string) => socket.send(word, GUARD_PORT, server, () => {})
  socket.on('error', () => {})
  socket.on('message', (message) => {
    const answer = readAnswer(message)
    if (!answer) return
    heardAt = now()
    until = answer.until * 1000
    if (answer.ending) hearEnding()
  })
  socket.bind(0, client, () => say('alive'))
  const beat = setInterval(() => say('alive'), BEAT_MS)
  return {
    heardAt: () => heardAt,
    until: () => until,
    sayDown(withinMs) {
      clearInterval(beat)
      return new Promise((resolve) => {
        const again = setInterval(() => say('down'), ASK_AGAIN_MS)
        const settle = (heard: boolean) => {
          clearInterval(again)
          clearTimeout(late)
          resolve(heard)
        }
        const late = setTimeout(settle, withinMs, false)
        hearEnding = () => settle(true)
        say('down')
      })
    },
    close() {
      clearInterval(beat)
      socket.close()
    },
  }
}

const answerSchema = z.object({ until: z.number(), ending: z.boolean() })

function readAnswer(message: Buffer): z.infer<typeof answerSchema> | undefined {
  try {
    return answerSchema.safeParse(JSON.parse(message.toString())).data
  } catch {
    return undefined
  }
}
