import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import * as z from 'zod'
import { duration } from '../kernel/duration.ts'
import { reasonOf } from '../kernel/errors.ts'
import { secureUrl } from '../kernel/loopback.ts'
import { scopeSchema } from '../model/scope.ts'
import { loginErrors } from './errors.ts'

/** What a company gives its engineers, in `login.yaml` of their configuration folder. It holds no secret; flags go before it. */
export const loginSettings = z.strictObject({
  signInUrl: secureUrl.optional().describe('Where the identity provider starts its AWS application'),
  role: z.string().min(1).optional().describe('Name or ARN of the role to take when several are offered'),
  region: scopeSchema.shape.region.optional(),
  duration: duration.refine((ms) => ms >= 900_000 && ms <= 43_200_000, 'from 15m to 12h').optional(),
  browser: z.string().optional().describe('chrome, edge, chromium, or a path'),
  timeout: duration
    .refine((ms) => ms >= 1_000 && ms <= 3_600_000, 'from 1s to 1h')
    .prefault('5m')
    .describe('How long the sign-in may take'),
})
export type LoginSettings = z.infer<typeof loginSettings>

/** `given`: flags that were set. A file that is not there is an empty one. */
export function readLoginSettings(file: string, given: Readonly<Record<string, string | undefined>>): LoginSettings {
  const flags = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const wrong = loginSettings.safeParse(flags).error
  if (wrong) throw loginErrors.LOGIN_OPTION_INVALID({ reason: z.prettifyError(wrong) }, { cause: wrong })
  try {
    const found: unknown = parse(readIfAny(file)) ?? {}
    return loginSettings.parse(typeof found === 'object' ? { ...found, ...flags } : found)
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : reasonOf(cause)
    throw loginErrors.LOGIN_SETTINGS_INVALID({ file, reason }, { cause })
  }
}

function readIfAny(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
