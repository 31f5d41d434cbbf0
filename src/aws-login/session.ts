import * as z from 'zod'
import type { AccessKeys } from '../aws/federated-role.ts'
import type { Clock } from '../kernel/clock.ts'
import { Secret } from '../kernel/secret.ts'

/** How a session is had again without asking anybody. */
const renewalSchema = z.strictObject({
  signInUrl: z.string(),
  browser: z.string().optional(),
  roleArn: z.string(),
  durationSeconds: z.number().optional(),
})
export type Renewal = z.infer<typeof renewalSchema>

const sessionSchema = z.strictObject({
  v: z.literal(1),
  method: z.enum(['chain', 'saml', 'stdin']),
  arn: z.string(),
  account: z.string(),
  /** The last part of the ARN: the session's name, which is the person. */
  person: z.string(),
  sourceIdentity: z.string().optional(),
  region: z.string(),
  /** ms since 1970; absent for keys that do not end. */
  expiresAt: z.number().optional(),
  renewal: renewalSchema.optional(),
})
const keptSchema = sessionSchema.extend({
  keys: z.strictObject({
    accessKeyId: z.string(),
    secretAccessKey: z.string(),
    sessionToken: z.string().optional(),
  }),
})

export type AwsSession = z.infer<typeof sessionSchema> & { readonly keys: Secret<AccessKeys> }

/** The text that a store keeps: it holds the keys, so it is a secret as a whole. */
export const writeSession = (session: AwsSession): Secret =>
  new Secret(JSON.stringify({ ...session, keys: session.keys.reveal() }))

export function readSession(text: Secret): AwsSession {
  const { keys, ...session } = keptSchema.parse(JSON.parse(text.reveal()))
  return { ...session, keys: new Secret(keys) }
}

/** Renewed when less is left: longer than any call or wait of ours, as AWS's own tools do it (15 minutes). */
export const RENEW_BEFORE_MS = 15 * 60_000
/** Not handed out any more when less is left: the tool that gets it must still reach AWS with it. */
export const UNFIT_BEFORE_MS = 60_000

export const leftOf = (session: AwsSession, clock: Clock): number =>
  session.expiresAt === undefined ? Number.POSITIVE_INFINITY : session.expiresAt - clock.now()
