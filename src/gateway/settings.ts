import * as z from 'zod'
import { duration } from '../kernel/duration.ts'

export const gatewaySettings = z.strictObject({
  idle: duration.prefault('30m').describe('A session without a key pressed for so long is ended'),
  absolute: duration.prefault('12h').describe('No session lasts longer'),
  grace: duration.prefault('2m').describe('So long a shell waits for a browser that lost its connection'),
  hostKeys: z
    .enum(['console-output', 'first-use', 'operator'])
    .default('console-output')
    .describe(
      'How the key of a host is learned: from its console, from its first answer (not for passwords), or only pinned by an operator',
    ),
  bootTime: duration
    .prefault('2m')
    .describe('So long after its launch a host whose port does not answer yet is waited for'),
  connectTimeout: duration.prefault('10s').describe('For the port to answer, and again for the login'),
})
export type GatewaySettings = z.infer<typeof gatewaySettings>
