import * as z from 'zod'
import { duration } from '../kernel/duration.ts'

export const tunnelSettings = z.strictObject({
  environments: z
    .string()
    .min(1)
    .describe(
      'Environments of the tunnel: a file, a folder or `ssm:/enchilada/…`; this process ends their servers past their time',
    ),
  reapEvery: duration.prefault('5m').describe('How often it looks'),
})
export type TunnelSettings = z.infer<typeof tunnelSettings>
