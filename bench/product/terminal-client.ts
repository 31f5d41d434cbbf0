import { WebSocket } from 'ws'
import { type FromBrowser, TERMINAL_PROTOCOL, type ToBrowser } from '../../src/portal/contract/terminal.ts'
import type { Visitor } from './visitor.ts'

/** A terminal as the portal's page has it, without the page. */
export type TerminalClient = {
  /** Called with each message of bytes. */
  onBytes(listener: (bytes: Buffer) => void): void
  type(text: string): void
  close(): void
}

/** Gets a ticket and opens a shell with it; rejects with the problem's code when either is refused. */
export async function openTerminal(
  visitor: Visitor,
  connectionId: string,
  size = { cols: 80, rows: 24 },
): Promise<TerminalClient> {
  const granted = await visitor.post(`/api/v1/connections/${connectionId}/tickets`)
  if (granted.status !== 201) throw new Error(`no ticket: ${granted.status} ${await granted.text()}`)
  const { ticket, path } = (await granted.json()) as { ticket: string; path: string }
  const url = new URL(`${path}?${new URLSearchParams({ ticket })}`, visitor.origin.replace('http', 'ws'))
  const socket = new WebSocket(url, [TERMINAL_PROTOCOL], {
    headers: { cookie: visitor.cookie, origin: visitor.origin },
    perMessageDeflate: false,
  })
  const say = (message: FromBrowser) => socket.send(JSON.stringify(message))
  const early: Buffer[] = []
  let listener = (bytes: Buffer): unknown => early.push(bytes)
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('close', (code, reason) => reject(new Error(`closed with ${code} ${reason}`)))
    socket.once('open', () => say({ type: 'start', ...size }))
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) return void listener(data)
      const message = JSON.parse(data.toString('utf8')) as ToBrowser
      if (message.type === 'refused') reject(new Error(message.problem.code))
      if (message.type !== 'connected') return
      resolve({
        onBytes(next) {
          listener = next
          for (const bytes of early.splice(0)) next(bytes)
        },
        type: (text) => socket.send(Buffer.from(text)),
        close: () => say({ type: 'close' }),
      })
    })
  })
}
