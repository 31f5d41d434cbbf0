import { expect, test } from 'vitest'
import { createFakeClock } from '../../test/fixtures/fake-clock.ts'
import { Secret } from '../kernel/secret.ts'
import { type LoginPorts, login, type Method, renew } from './login.ts'
import { readLoginSettings } from './login-settings.ts'

const HOUR = 3_600_000
const roleArn = 'arn:aws:iam::111122223333:role/Engineer'
const response = Buffer.from(
  `<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"><a:Assertion>
    <a:Attribute Name="https://aws.amazon.com/SAML/Attributes/Role">
      <a:AttributeValue>${roleArn},arn:aws:iam::111122223333:saml-provider/Company</a:AttributeValue>
    </a:Attribute></a:Assertion></p:Response>`,
).toString('base64')

/** A machine on which some ways work; `went` says which were tried, in order. */
function machine(works: { chain: boolean }) {
  const clock = createFakeClock()
  const went: string[] = []
  const keys = new Secret({ accessKeyId: 'AKIA', secretAccessKey: 'secret', sessionToken: 'token' })
  const ports: LoginPorts = {
    clock,
    async askChain({ profile }) {
      went.push(profile === undefined ? 'chain' : `chain of ${profile}`)
      if (!works.chain) throw new Error('Could not load credentials from any providers')
      return {
        keys,
        account: '111122223333',
        arn: 'arn:aws:iam::111122223333:user/ada',
        region: 'eu-west-1',
        expiresAt: undefined,
      }
    },
    async capture({ headless, timeoutMs }) {
      went.push(`browser${headless ? ', unseen' : ''}, ${timeoutMs / 1000} s`)
      return new Secret(response)
    },
    async readStdin() {
      went.push('stdin')
      return new Secret(`${response}\n`)
    },
    async assume() {
      const arn = 'arn:aws:sts::111122223333:assumed-role/Engineer/ada@example.com'
      return { keys, arn, sourceIdentity: 'ada@example.com', expiresAt: clock.now() + HOUR }
    },
    askRole: undefined,
  }
  const signIn = (method: Method | undefined, { profile, url }: { profile?: string; url?: string } = {}) =>
    login(ports, {
      method,
      profile,
      settings: readLoginSettings('/nowhere/login.yaml', { signInUrl: url }),
      settingsFile: '/nowhere/login.yaml',
    })
  return { ports, went, signIn }
}
const url = 'https://idp.example.com/aws'

test('what is at hand is taken first, and a browser only where that fails', async () => {
  const at = machine({ chain: true })
  expect(await at.signIn(undefined, { url })).toMatchObject({ method: 'chain', person: 'ada' })
  expect(at.went).toEqual(['chain'])
  const bare = machine({ chain: false })
  expect(await bare.signIn(undefined, { url })).toMatchObject({ method: 'saml', person: 'ada@example.com' })
  expect(bare.went).toEqual(['chain', 'browser, 300 s'])
})

test('each way can be forced, and a profile named is a way chosen', async () => {
  const { signIn, went } = machine({ chain: true })
  await signIn('saml', { url })
  await signIn('stdin', { url })
  await signIn('chain', { url })
  await signIn(undefined, { url, profile: 'work' })
  expect(went).toEqual(['browser, 300 s', 'stdin', 'chain', 'chain of work'])
})

test('a way that is forced and fails is not replaced by another', async () => {
  const { signIn, went } = machine({ chain: false })
  await expect(signIn('chain', { url })).rejects.toMatchObject({ code: 'LOGIN_PROFILE_FAILED' })
  await expect(signIn(undefined, { url, profile: 'work' })).rejects.toMatchObject({ code: 'LOGIN_PROFILE_FAILED' })
  await expect(signIn('saml')).rejects.toMatchObject({ code: 'LOGIN_SIGN_IN_URL_MISSING' })
  await expect(signIn(undefined)).rejects.toMatchObject({ code: 'LOGIN_NO_WAY' })
  expect(went).toEqual(['chain', 'chain of work', 'chain'])
})

test('a session of the browser is renewed unseen, for the same role; one from standard input is not', async () => {
  const { ports, signIn, went } = machine({ chain: false })
  const renewed = await renew(ports, await signIn('saml', { url }))
  expect(renewed).toMatchObject({ method: 'saml', renewal: { signInUrl: url, roleArn } })
  expect(went).toEqual(['browser, 300 s', 'browser, unseen, 20 s'])
  await expect(renew(ports, await signIn('stdin'))).rejects.toMatchObject({ code: 'LOGIN_EXPIRED' })
})
