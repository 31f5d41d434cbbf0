import type { WebSocket } from 'ws'
import type { Attachment } from '../../gateway/channel.ts'
import { type CodedError, isCoded, reasonOf } from '../../kernel/errors.ts'
import type { WebSession } from '../../sign-in/web-sessions.ts'
import { closeCodes, type FromBrowser, fromBrowserSchema, type ToBrowser } from '../contract/terminal.ts'
import { portalErrors } from '../errors.ts'
import { problemOf } from '../http/problem.ts'
import type { Parts } from '../parts.ts'
import type { Granted } from '../tickets.ts'
import { keepAlive } from './keep-alive.ts'
import { createSocketChannel } from './socket-channel.ts'

/** A browser that opened a socket says the size of its terminal within this time. */
const START_MS = 10_000

type Size = { cols: number; rows: number }

/** From a WebSocket just opened to its end. What the browser may say is size, bytes and "done"; anything else closes it. */
export function serveTerminal(
  parts: Parts,
  socket: WebSocket,
  visit: { session: WebSession; granted: Granted | undefined },
): void {
  const { session, granted } = visit
  // Of a refused one too: it is read until the other side has closed it.
  socket.on('error', (error) => parts.log.debug({ reason: reasonOf(error) }, 'a terminal socket failed'))
  if (!granted) {
    refuse(parts, socket, portalErrors.TICKET_INVALID(), closeCodes['bad-ticket'])
    return
  }

  const channel = createSocketChannel(socket)
  let attachment: Attachment | undefined
  let watch: Awaited<ReturnType<Parts['gateway']['watch']>> | undefined
  let size: Size | undefined
  let gone = false

  const badMessage = () => socket.close(closeCodes['bad-message'], 'bad-message')
  const startTimer = setTimeout(badMessage, START_MS)
  const stopKeepAlive = keepAlive(parts, socket, session, (reason) => void signedOut(reason))
  parts.meters.socket(granted.purpose, 1)

  const begin = async (first: Size) => {
    const { person } = session
    try {
      if (granted.purpose === 'watch') {
        watch = await parts.gateway.watch({ sessionId: granted.subject, person, channel })
      } else if (granted.purpose === 'resume') {
        attachment = await parts.gateway.resume({ sessionId: granted.subject, person, size: first, channel })
      } else {
        attachment = await parts.gateway.open({ connectionId: granted.subject, person, size: first, channel })
      }
      if (gone) return leave('before-connected')
      if (size && size !== first) attachment?.resize(size.cols, size.rows)
    } catch (cause) {
      const error = isCoded(cause) ? cause : portalErrors.PORTAL_FAILED({ request: granted.subject }, { cause })
      if (!isCoded(cause)) parts.log.error({ reason: reasonOf(cause) }, 'a terminal could not be opened')
      refuse(parts, socket, error, closeCodes.refused)
    }
  }

  /** A browser that never saw the shell cannot come back to it; one that did gets its grace time. */
  const leave = (when: 'before-connected' | 'later') => {
    watch?.left()
    if (when === 'before-connected' && granted.purpose === 'open') attachment?.finish()
    else attachment?.detach()
  }

  /** Who is signed in elsewhere finds the shell again, within its grace time; else nobody may come back to it. */
  const signedOut = async (reason: 'access-ended' | 'signed-out') => {
    // A browser need not answer the close, and what it sends until then is still read.
    gone = true
    watch?.end(reason)
    if (reason === 'signed-out') {
      const elsewhere = await parts.signIn.sessions.hasAny(session.person.id).catch(() => false)
      if (!elsewhere) attachment?.end(reason)
    }
    channel.close(reason)
  }

  const take = (message: FromBrowser) => {
    if (message.type === 'close') {
      if (attachment) attachment.finish()
      else socket.close(1000)
    } else if (message.type === 'resize') {
      size = { cols: message.cols, rows: message.rows }
      attachment?.resize(message.cols, message.rows)
    } else if (size === undefined) {
      clearTimeout(startTimer)
      size = { cols: message.cols, rows: message.rows }
      void begin(size)
    } else badMessage()
  }

  const type = (bytes: Uint8Array) => {
    // What is typed before the shell is there goes nowhere, as on a screen that is still dark.
    const full = attachment?.input(bytes)
    if (!full) return
    socket.pause()
    void full.finally(() => socket.resume())
  }

  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (gone) return
    if (isBinary) return type(data)
    const message = readMessage(data)
    if (message) take(message)
    else badMessage()
  })
  socket.on('close', () => {
    gone = true
    clearTimeout(startTimer)
    stopKeepAlive()
    parts.meters.socket(granted.purpose, -1)
    leave('later')
  })
}

function readMessage(data: Buffer): FromBrowser | undefined {
  try {
    return fromBrowserSchema.safeParse(JSON.parse(data.toString('utf8'))).data
  } catch {
    return undefined
  }
}

function refuse(parts: Pick<Parts, 'meters'>, socket: WebSocket, error: CodedError, code: number): void {
  parts.meters.refused(error.code)
  const message: ToBrowser = { type: 'refused', problem: problemOf(error) }
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message))
  socket.close(code, error.code)
}
