import { expect, test } from 'vitest'
import { Secret } from '../kernel/secret.ts'
import { takeRole } from './take-role.ts'

const HOUR = 3_600_000
const now = Date.UTC(2026, 10, 24)
const role = {
  roleArn: 'arn:aws:iam::111122223333:role/Engineer',
  providerArn: 'arn:aws:iam::111122223333:saml-provider/Company',
  account: '111122223333',
  name: 'Engineer',
}
const take = {
  role,
  assertion: { encoded: new Secret('PHA+'), roles: [role] },
  method: 'stdin',
  region: undefined,
  durationSeconds: undefined,
  renewal: undefined,
  now,
} as const
const until = (expiresAt: number) => async () => ({
  keys: new Secret({ accessKeyId: 'AKIA', secretAccessKey: 'secret', sessionToken: 'token' }),
  arn: 'arn:aws:sts::111122223333:assumed-role/Engineer/ada@example.com',
  sourceIdentity: 'ada@example.com',
  expiresAt,
})

test('the person is the session; the region is one of the role’s own partition', async () => {
  const session = await takeRole(until(now + HOUR), take)
  expect(session).toMatchObject({ person: 'ada@example.com', region: 'us-east-1', expiresAt: now + HOUR })
})

test.each([
  ['an hour fast', HOUR, 'a new session would end in 0 min'],
  ['two hours fast', 2 * HOUR, 'a new session would end 60 min ago'],
  ['a day slow', -24 * HOUR, 'a new session would end in 1500 min'],
])('a clock that is %s is named, before anything is kept', async (_, off, reason) => {
  const taking = takeRole(until(now + HOUR), { ...take, now: now + off })
  await expect(taking).rejects.toMatchObject({ code: 'AWS_CLOCK_WRONG', message: expect.stringContaining(reason) })
})

test.each([
  ['ExpiredTokenException', 'Token must be redeemed within 5 minutes of issuance', 'LOGIN_ASSERTION_EXPIRED'],
  ['InvalidIdentityToken', 'Response signature invalid', 'LOGIN_ASSERTION_REFUSED'],
  ['IDPRejectedClaim', 'no', 'LOGIN_IDP_REFUSED'],
  ['AccessDenied', 'Not authorized to perform sts:AssumeRoleWithSAML', 'LOGIN_ROLE_DENIED'],
  ['ValidationError', 'The requested DurationSeconds exceeds the MaxSessionDuration', 'LOGIN_DURATION'],
  ['ServiceUnavailable', 'try later', 'AWS_UNAVAILABLE'],
])('%s of STS in human words', async (name, message, code) => {
  const refuse = () => Promise.reject(Object.assign(new Error(message), { name }))
  await expect(takeRole(refuse, take)).rejects.toMatchObject({ code })
})
