import type { Ticket } from '../../../src/portal/contract/connections.ts'
import type { FromBrowser, ToBrowser } from '../../../src/portal/contract/terminal.ts'
import { post } from '../api/request.ts'

export type Wish = { purpose: 'open' | 'watch' | 'resume'; id: string }

export type Line = {
  send(data: string): void
  say(message: FromBrowser): void
  close(): void
}

/** One message holds at most this: the server takes 256 KB. */
const PIECE = 64 * 1024

const encoder = new TextEncoder()

/** Asks for a ticket, then opens the socket with it. `onLost` is called when it closes without a word. */
export async function connect(
  wish: Wish,
  size: { cols: number; rows: number },
  on: { bytes(data: Uint8Array): void; message(message: ToBrowser): void; lost(): void },
): Promise<Line> {
  const path =
    wish.purpose === 'open' ? `/api/v1/connections/${wish.id}/tickets` : `/api/v1/sessions/${wish.id}/tickets`
  const { ticket, path: place } = await post<Ticket>(
    path,
    wish.purpose === 'open' ? undefined : { purpose: wish.purpose },
  )
  const url = new URL(place, location.href)
  url.protocol = url.protocol.replace('http', 'ws')
  url.searchParams.set('ticket', ticket)
  const socket = new WebSocket(url, 'enchilada.terminal.v1')
  socket.binaryType = 'arraybuffer'
  let told = false
  const say = (message: FromBrowser) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message))
  }
  socket.addEventListener('open', () => say({ type: 'start', ...size }))
  socket.addEventListener('message', ({ data }) => {
    if (typeof data !== 'string') return on.bytes(new Uint8Array(data))
    const message: ToBrowser = JSON.parse(data)
    told ||= message.type === 'ended' || message.type === 'refused'
    on.message(message)
  })
  socket.addEventListener('close', () => {
    if (!told) on.lost()
  })
  return {
    send(text) {
      const bytes = encoder.encode(text)
      for (let at = 0; at < bytes.length && socket.readyState === WebSocket.OPEN; at += PIECE) {
        socket.send(bytes.subarray(at, at + PIECE))
      }
    },
    say,
    close() {
      told = true
      socket.close()
    },
  }
}
