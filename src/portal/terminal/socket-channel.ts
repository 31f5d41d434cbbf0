import type { WebSocket } from 'ws'
import type { ChannelMessage, TerminalChannel } from '../../gateway/channel.ts'
import type { SessionEndReason } from '../../model/session.ts'
import { closeCodes, type ToBrowser } from '../contract/terminal.ts'

const words: Readonly<Record<SessionEndReason | 'replaced' | 'too-slow', string>> = {
  'closed-by-person': 'You closed the session.',
  'closed-by-target': 'The shell on the instance ended.',
  'ended-by-operator': 'An operator ended the session.',
  'access-ended': 'Your access ended.',
  'access-withdrawn': 'The access policies do not allow this session any more.',
  'signed-out': 'You are no longer signed in.',
  'instance-gone': 'The instance ended.',
  'idle-limit': 'Nobody typed for too long.',
  'absolute-limit': 'The session reached its longest time.',
  'recording-failed': 'The session could not be recorded any more.',
  'target-failed': 'The connection to the instance broke.',
  'grace-expired': 'The browser did not come back in time.',
  'node-lost': 'The gateway of this session stopped.',
  'node-stopping': 'The gateway is being stopped.',
  replaced: 'The session goes on in another window.',
  'too-slow': 'This browser could not follow.',
}

/** The gateway's side of a browser: a thin skin on the WebSocket, one message for one message. */
export function createSocketChannel(socket: WebSocket): TerminalChannel {
  const isOpen = () => socket.readyState === socket.OPEN
  const say = (message: ToBrowser) => {
    if (isOpen()) socket.send(JSON.stringify(message))
  }
  return {
    send(bytes) {
      if (isOpen()) socket.send(bytes, { binary: true })
    },
    say: (message: ChannelMessage) => say(message),
    buffered: () => socket.bufferedAmount,
    close(reason) {
      say({ type: 'ended', reason, message: words[reason] })
      socket.close(closeCodes[reason], reason)
    },
  }
}
