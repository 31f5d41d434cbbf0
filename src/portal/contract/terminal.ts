import * as z from 'zod'
import { problemSchema, time } from './common.ts'

/**
 * The terminal's WebSocket, `GET /api/v1/terminal?ticket=…`, subprotocol `enchilada.terminal.v1`.
 * Binary messages are bytes of the terminal in both directions, from the browser at most 64 KB each (256 KB closes the
 * socket); text messages are one of these.
 */
export const TERMINAL_PROTOCOL = 'enchilada.terminal.v1'

const size = { cols: z.number().int().min(2).max(1000), rows: z.number().int().min(1).max(500) }

export const fromBrowserSchema = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('start'), ...size, timeZone: z.string().max(64).optional() }),
    z.object({ type: z.literal('resize'), ...size }),
    /** The person closes the session: no grace time. */
    z.object({ type: z.literal('close') }),
  ])
  .meta({ id: 'TerminalFromBrowser' })
export type FromBrowser = z.infer<typeof fromBrowserSchema>

export const toBrowserSchema = z
  .discriminatedUnion('type', [
    /** `step` says what is being waited for: looking up, reaching the port, signing in. */
    z.object({
      type: z.literal('connecting'),
      step: z.enum(['instance', 'recording', 'port', 'boot', 'credential', 'login']),
    }),
    z.object({
      type: z.literal('connected'),
      sessionId: z.string(),
      startedAt: time,
      connectionName: z.string(),
      readOnly: z.boolean(),
      /** Ends at the latest then. */
      endsAt: time,
      cols: z.number().int(),
      rows: z.number().int(),
    }),
    /** To watchers: the person changed the size of the terminal. */
    z.object({ type: z.literal('resized'), cols: z.number().int(), rows: z.number().int() }),
    z.object({ type: z.literal('warning'), reason: z.enum(['idle-limit', 'absolute-limit']), endsAt: time }),
    z.object({ type: z.literal('refused'), problem: problemSchema }),
    z.object({ type: z.literal('ended'), reason: z.string(), message: z.string() }),
  ])
  .meta({ id: 'TerminalToBrowser' })
export type ToBrowser = z.infer<typeof toBrowserSchema>

/** WebSocket close codes; 4000–4999 are an application's own (RFC 6455, 7.4.2). */
export const closeCodes = {
  'closed-by-person': 4000,
  'closed-by-target': 4001,
  'ended-by-operator': 4002,
  'access-ended': 4003,
  'instance-gone': 4004,
  'idle-limit': 4005,
  'absolute-limit': 4006,
  'recording-failed': 4007,
  'target-failed': 4008,
  'grace-expired': 4009,
  'node-lost': 4010,
  'node-stopping': 4011,
  'access-withdrawn': 4012,
  'signed-out': 4013,
  refused: 4020,
  'bad-ticket': 4021,
  'bad-message': 4022,
  replaced: 4023,
  'too-slow': 4024,
} as const
