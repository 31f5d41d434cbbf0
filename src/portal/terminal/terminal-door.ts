import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { parse as parseCookies } from 'hono/utils/cookie'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Attachment } from '../../gateway/channel.ts'
import { type CodedError, isCoded, reasonOf } from '../../kernel/errors.ts'
import type { Person } from '../../model/person.ts'
import { closeCodes, fromBrowserSchema, TERMINAL_PROTOCOL, type ToBrowser } from '../contract/terminal.ts'
import { portalErrors } from '../errors.ts'
import { problemOf } from '../http/problem.ts'
import type { Parts } from '../parts.ts'
import type { Granted } from '../tickets.ts'
import { createSocketChannel } from './socket-channel.ts'

const PATH = '/api/v1/terminal'
/** A paste in one message; what is longer comes in pieces. */
const MAX_MESSAGE_BYTES = 256 * 1024
const PING_MS = 20_000

/**
 * The WebSocket of terminals: exact Origin, the session's cookie, and a ticket made for both, before the socket opens.
 * Nothing of AWS or the target is touched until the browser has said how large its terminal is.
 */
export function openTerminalDoor(server: Server, parts: Parts): { close(): void } {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(TERMINAL_PROTOCOL) ? TERMINAL_PROTOCOL : false),
  })
  server.on('upgrade', (request, socket: Duplex, head) => {
    const url = new URL(request.url ?? '/', parts.origin)
    if (url.pathname !== PATH) return refuseUpgrade(socket, 404)
    if (request.headers.origin !== parts.origin) return refuseUpgrade(socket, 403)
    admit(parts, request, url).then(
      (admitted) => {
        if (!admitted) return refuseUpgrade(socket, 403)
        sockets.handleUpgrade(request, socket, head, (webSocket) => serve(parts, webSocket, admitted))
      },
      (error: unknown) => {
        parts.log.error({ reason: reasonOf(error) }, 'a terminal could not be admitted')
        refuseUpgrade(socket, 503)
      },
    )
  })
  return {
    close() {
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
    },
  }
}

type Admitted = { person: Person; hash: string; granted: Granted }

async function admit(parts: Parts, request: IncomingMessage, url: URL): Promise<Admitted | undefined> {
  const token = parseCookies(request.headers.cookie ?? '')['__Host-enchilada']
  const session = token === undefined ? undefined : await parts.signIn.sessions.find(token)
  if (!session) return undefined
  const granted = await parts.tickets.redeem(url.searchParams.get('ticket') ?? '', session.hash)
  return granted ? { person: session.person, hash: session.hash, granted } : undefined
}

function refuseUpgrade(socket: Duplex, status: 403 | 404 | 503): void {
  const words = { 403: 'Forbidden', 404: 'Not Found', 503: 'Service Unavailable' }[status]
  socket.end(`HTTP/1.1 ${status} ${words}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

function serve(parts: Parts, socket: WebSocket, { person, hash, granted }: Admitted): void {
  const channel = createSocketChannel(socket)
  let attachment: Attachment | undefined
  let leave: (() => void) | undefined
  let begun = false
  parts.meters.socket(granted.purpose, 1)
  const removeDoor = parts.doors.add({
    sessionHash: hash,
    personId: person.id,
    close: () => channel.close('access-ended'),
  })
  const pings = setInterval(() => socket.ping(), PING_MS)

  const refuse = (error: CodedError) => {
    const message: ToBrowser = { type: 'refused', problem: problemOf(error) }
    socket.send(JSON.stringify(message))
    socket.close(closeCodes.refused, error.code)
  }

  const begin = async (size: { cols: number; rows: number }) => {
    begun = true
    try {
      if (granted.purpose === 'watch') {
        leave = await parts.gateway.watch({ sessionId: granted.subject, person, channel })
      } else if (granted.purpose === 'resume') {
        attachment = await parts.gateway.resume({ sessionId: granted.subject, person, size, channel })
      } else {
        attachment = await parts.gateway.open({ connectionId: granted.subject, person, size, channel })
      }
      // It may have gone while the session was being opened.
      if (socket.readyState !== socket.OPEN) depart()
    } catch (error) {
      refuse(isCoded(error) ? error : portalErrors.PORTAL_FAILED({ request: granted.subject }, { cause: error }))
    }
  }

  const depart = () => {
    attachment?.detach()
    leave?.()
    attachment = undefined
    leave = undefined
  }

  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) {
      const full = attachment?.input(data)
      if (full) {
        socket.pause()
        void full.then(() => socket.resume())
      }
      return
    }
    const message = fromBrowserSchema.safeParse(parseJson(data.toString('utf8'))).data
    if (!message || (message.type === 'start') === begun) return socket.close(closeCodes['bad-message'], 'bad-message')
    if (message.type === 'start') void begin({ cols: message.cols, rows: message.rows })
    else if (message.type === 'resize') attachment?.resize(message.cols, message.rows)
    else attachment?.finish()
  })
  socket.on('error', () => socket.terminate())
  socket.on('close', () => {
    clearInterval(pings)
    removeDoor()
    parts.meters.socket(granted.purpose, -1)
    depart()
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
