import * as z from 'zod'
import { duration } from '../kernel/duration.ts'

export const discoverySettings = z.strictObject({
  by: z
    .enum(['serve', 'lambda'])
    .default('serve')
    .describe(
      'Who looks: this process, or the functions of the shared-services stack; then several nodes share one PostgreSQL',
    ),
  sweepEvery: duration.prefault('15m').describe('How often every account and region is listed whole'),
  absenceProof: duration
    .prefault('60s')
    .describe('An instance is removed by absence only after two complete listings at least so far apart'),
  accountGrace: duration
    .prefault('24h')
    .describe(
      'What was in an account that left the organisation, or in a region that an account switched off, is removed after two complete lists without it at least so far apart',
    ),
  concurrency: z.number().int().min(1).max(100).default(16).describe('Accounts and regions asked at the same time'),
  staleAfter: duration.prefault('1h').describe('A scope without a complete listing for so long is shown as stale'),
})
export type DiscoverySettings = z.infer<typeof discoverySettings>
