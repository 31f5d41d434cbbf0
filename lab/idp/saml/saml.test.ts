import { AssumeRoleWithSAMLCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeOrganisation, type Organisation } from '../../aws/organisation.ts'
import { type Aws, startAws } from '../../aws/start.ts'
import { federate } from './federate.ts'
import type { RolePair } from './response.ts'
import { type SamlIdp, type SamlKnobs, startSamlIdp } from './start.ts'

let aws: Aws
let organisation: Organisation
let idp: SamlIdp
let foreign: SamlIdp
const pairs: RolePair[] = []
const statements = [{ Effect: 'Allow', Action: 'ec2:DescribeRegions', Resource: '*' }]

beforeAll(async () => {
  aws = await startAws()
  organisation = await makeOrganisation(aws.endpoint)
  const { id, credentials } = organisation.accounts['workload-1']
  const providerArn = `arn:aws:iam::${id}:saml-provider/Lab`
  const pair = (name: string): RolePair => ({ roleArn: `arn:aws:iam::${id}:role/${name}`, providerArn })
  const rolesOf = () => pairs
  idp = await startSamlIdp({ rolesOf })
  foreign = await startSamlIdp({ rolesOf })
  await federate({ endpoint: aws.endpoint, credentials, region: 'us-east-1' }, id, idp.metadata, [
    { name: 'Engineer', statements },
    { name: 'NoSource', statements, actions: ['sts:AssumeRoleWithSAML'] },
    { name: 'Elsewhere', statements, condition: { StringEquals: { 'saml:aud': 'https://example.com' } } },
  ])
  pairs.push(pair('Engineer'), pair('NoSource'), pair('Elsewhere'))
})
afterAll(async () => {
  await idp.stop()
  await foreign.stop()
  await aws.stop()
})

const sts = (credentials = { accessKeyId: 'none', secretAccessKey: 'none' }) =>
  new STSClient({ endpoint: aws.endpoint, region: 'eu-west-1', credentials, maxAttempts: 1 })

async function assume(SAMLAssertion: string, role = 'Engineer', more: { DurationSeconds?: number } = {}) {
  const [first] = pairs
  return sts().send(
    new AssumeRoleWithSAMLCommand({
      RoleArn: first?.roleArn.replace(/[^/]+$/, role),
      PrincipalArn: first?.providerArn,
      SAMLAssertion,
      ...more,
    }),
  )
}

const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => 'admitted',
    (error: Error) => `${error.name}: ${error.message}`,
  )

function responseWith(knobs: SamlKnobs): string {
  idp.turn(knobs)
  const response = idp.responseFor('ada')
  idp.turn({})
  return response
}

test('whom the provider vouches for has the role, in her own name', async () => {
  const { Credentials, AssumedRoleUser, SourceIdentity } = await assume(idp.responseFor('ada'))
  expect(AssumedRoleUser?.Arn).toMatch(/assumed-role\/Engineer\/ada@example.com$/)
  expect(SourceIdentity).toBe('ada@example.com')
  const identity = await sts({
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    ...(Credentials?.SessionToken && { sessionToken: Credentials.SessionToken }),
  }).send(new GetCallerIdentityCommand({}))
  expect(identity.Arn).toBe(AssumedRoleUser?.Arn)
  expect((await aws.lab.assumed()).at(-1)).toMatchObject({ sourceIdentity: 'ada@example.com' })
})

test.each<[string, () => Promise<unknown>, string]>([
  [
    'another audience',
    () => assume(responseWith({ audience: 'urn:example' })),
    'InvalidIdentityTokenException: Audience',
  ],
  ['another recipient', () => assume(responseWith({ recipient: 'https://evil.example/saml' })), 'InvalidIdentityToken'],
  ['too old', () => assume(responseWith({ ageMs: 301_000 })), 'ExpiredTokenException: Token must be redeemed'],
  [
    'another provider',
    () => assume(foreign.responseFor('ada')),
    'InvalidIdentityTokenException: Response signature invalid',
  ],
  ['no base64', () => assume('<samlp:Response/>'), 'InvalidIdentityTokenException: Invalid base64'],
  ['a role not named', () => assume(idp.responseFor('ada'), 'Administrator'), 'AccessDenied'],
  ['a role that does not let the source be set', () => assume(idp.responseFor('ada'), 'NoSource'), 'AccessDenied'],
  ['a role for another address', () => assume(idp.responseFor('ada'), 'Elsewhere'), 'AccessDenied'],
  ['too long', () => assume(idp.responseFor('ada'), 'Engineer', { DurationSeconds: 43_200 }), 'ValidationError'],
  ['too short', () => assume(idp.responseFor('ada'), 'Engineer', { DurationSeconds: 60 }), 'ValidationError'],
])('refused: %s', async (_, ask, expected) => {
  expect(await outcome(ask())).toContain(expected)
})

test('a tampered or wrapped assertion is refused', async () => {
  const xml = Buffer.from(idp.responseFor('bob'), 'base64').toString()
  const encode = (text: string) => Buffer.from(text).toString('base64')
  expect(await outcome(assume(encode(xml.replaceAll('bob@', 'ada@'))))).toContain('Response signature invalid')
  const assertion = /<saml:Assertion.*<\/saml:Assertion>/s.exec(xml)?.[0] ?? ''
  const forged = assertion
    .replace(/<ds:Signature.*<\/ds:Signature>/s, '')
    .replaceAll('bob@', 'ada@')
    .replace(/ID="[^"]+"/, 'ID="_forged"')
  expect(await outcome(assume(encode(xml.replace(assertion, forged + assertion))))).toContain('InvalidIdentityToken')
  expect(await outcome(assume(encode(xml.replace(/<ds:Signature.*<\/ds:Signature>/s, ''))))).toContain(
    'InvalidIdentity',
  )
})

test('a response of 100 KB with names beyond ASCII is taken', async () => {
  const response = responseWith({ padding: 69_700, displayName: 'Žofie Łukasiewicz 愛' })
  expect(response.length).toBeGreaterThan(97_000)
  expect(response.length).toBeLessThanOrEqual(100_000)
  expect(await outcome(assume(response))).toBe('admitted')
})
