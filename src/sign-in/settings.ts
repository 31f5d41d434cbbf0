import * as z from 'zod'
import { duration } from '../kernel/duration.ts'
import { secureUrl } from '../kernel/loopback.ts'
import { secretSourceSchema } from '../kernel/secret-source.ts'

const mfaSettings = z.strictObject({
  required: z
    .boolean()
    .default(true)
    .describe('Nobody gets in without a second factor; when false, policies still see it as context.mfa'),
  amr: z
    .array(z.string().min(1))
    .default(['mfa', 'otp', 'hwk', 'swk', 'fido', 'pop', 'sc', 'sms'])
    .describe('Any of these in the `amr` claim (RFC 8176) is a second factor'),
  acr: z.array(z.string().min(1)).default([]).describe('Any of these as the `acr` claim is a second factor'),
  acrValues: z.array(z.string().min(1)).default([]).describe('Asked of the provider as `acr_values`, best first'),
  maxAge: duration
    .prefault('12h')
    .describe('How old the provider’s own sign-in may be before it has to ask again (`auth_time`)'),
})

const sessionSettings = z.strictObject({
  idle: duration.prefault('1h').describe('A web session unused for so long is over'),
  absolute: duration.prefault('12h').describe('A web session is over so long after sign-in, used or not'),
})

export const signInSettings = z.strictObject({
  issuer: secureUrl.describe('The OpenID provider’s issuer, as in its discovery document'),
  clientId: z.string().min(1).describe('The client registered there for this portal'),
  clientSecret: secretSourceSchema
    .optional()
    .describe('Its secret: {env: NAME} or {file: PATH}; absent for a public client'),
  clientAuth: z
    .enum(['client_secret_basic', 'client_secret_post'])
    .default('client_secret_basic')
    .describe('How the secret is sent to the token endpoint'),
  scopes: z.array(z.string().min(1)).default(['openid', 'profile', 'email']).describe('Scopes asked for'),
  groupsClaim: z.string().min(1).default('groups').describe('The claim that lists a person’s groups'),
  nameClaims: z
    .array(z.string().min(1))
    .default(['email', 'preferred_username', 'name'])
    .describe('The first of these that is there names the person in lists, in the trail and in AWS’s CloudTrail'),
  mfa: mfaSettings.prefault({}),
  session: sessionSettings.prefault({}),
  timeout: duration.prefault('10s').describe('How long the provider may take to answer'),
})
export type SignInSettings = z.infer<typeof signInSettings>
