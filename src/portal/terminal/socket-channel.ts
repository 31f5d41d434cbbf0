import type { WebSocket } from 'ws'
import type { ChannelMessage, TerminalChannel } from '../../gateway/channel.ts'
import { closeCodes, type ToBrowser } from '../contract/terminal.ts'

type Reason = Parameters<TerminalChannel['close']>[0]

const WORDS: Readonly<Record<Reason, string>> = {
  'closed-by-person': 'You ended the session.',
  'closed-by-target': 'The shell ended.',
  'ended-by-operator': 'An operator ended the session.',
  'access-ended': 'Your access ended.',
  'instance-gone': 'The instance ended.',
  'idle-limit': 'No key was pressed for too long.',
  'absolute-limit': 'The session reached its longest time.',
  'recording-failed': 'The session could not be recorded any longer.',
  'target-failed': 'The host stopped answering.',
  'grace-expired': 'The shell waited too long for this browser.',
  'node-lost': 'The gateway that held the session was lost.',
  'node-stopping': 'The gateway is being restarted.',
  replaced: 'The session was opened in another window.',
  'too-slow': 'This browser could not keep up.',
}

/** The gateway's messages and the contract's are the same, one to one. */
export function createSocketChannel(socket: WebSocket): TerminalChannel {
  const say = (message: ChannelMessage | ToBrowser) => {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message))
  }
  return {
    send(bytes) {
      if (socket.readyState === socket.OPEN) socket.send(bytes, { binary: true })
    },
    say,
    buffered: () => socket.bufferedAmount,
    close(reason) {
      say({ type: 'ended', reason, message: WORDS[reason] })
      const code = reason === 'too-slow' ? closeCodes.replaced : closeCodes[reason]
      socket.close(code, reason)
    },
  }
}
