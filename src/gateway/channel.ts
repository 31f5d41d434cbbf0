import type { SessionEndReason } from '../model/session.ts'

/** What the gateway says beside the bytes; the portal turns it into the contract's messages one to one. */
export type ChannelMessage =
  | { type: 'connecting'; step: 'instance' | 'recording' | 'port' | 'boot' | 'credential' | 'login' }
  | {
      type: 'connected'
      sessionId: string
      startedAt: number
      connectionName: string
      readOnly: boolean
      endsAt: number
      cols: number
      rows: number
    }
  | { type: 'resized'; cols: number; rows: number }
  | { type: 'warning'; reason: 'idle-limit' | 'absolute-limit'; endsAt: number }
  | { type: 'ended'; reason: SessionEndReason; message: string }

/** One browser, as the gateway sees it. Nothing here waits: `buffered` says how far it is behind. */
export type TerminalChannel = {
  send(bytes: Uint8Array): void
  say(message: ChannelMessage): void
  /** Bytes sent and not yet taken by the browser. */
  buffered(): number
  /** Says why and closes; later calls do nothing. */
  close(reason: SessionEndReason | 'replaced' | 'too-slow'): void
}

/** What the browser's side may do with a session it controls. */
export type Attachment = {
  /** A promise when the target takes no more for now: do not read from the browser until it resolves. */
  input(bytes: Uint8Array): Promise<void> | undefined
  resize(cols: number, rows: number): void
  /** The person is done. */
  finish(): void
  /** The browser is gone; the shell waits for it. */
  detach(): void
  /** The person may not go on. */
  end(reason: SessionEndReason): void
}

export type Size = { cols: number; rows: number }
