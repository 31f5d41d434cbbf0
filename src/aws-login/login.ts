import type { Caller, ChainOptions } from '../aws/federated-role.ts'
import type { Clock } from '../kernel/clock.ts'
import { reasonOf } from '../kernel/errors.ts'
import type { Secret } from '../kernel/secret.ts'
import { type Assertion, readAssertion, type SamlRole } from './assertion.ts'
import { type AskRole, chooseRole } from './choose-role.ts'
import { loginErrors } from './errors.ts'
import type { LoginSettings } from './login-settings.ts'
import type { AwsSession, Renewal } from './session.ts'
import { type AssumeWithSaml, personOf, takeRole } from './take-role.ts'

export const methods = ['chain', 'saml', 'stdin'] as const
export type Method = (typeof methods)[number]

export type LoginPorts = {
  askChain(options: ChainOptions): Promise<Caller>
  assume: AssumeWithSaml
  /** Opens the page and gives the base64 SAML response that it posts. */
  capture(visit: { url: string; timeoutMs: number; browser: string | undefined; headless: boolean }): Promise<Secret>
  readStdin(): Promise<Secret>
  clock: Clock
  /** Absent without a terminal. */
  askRole: AskRole | undefined
}

export type LoginRequest = {
  method: Method | undefined
  profile: string | undefined
  settings: LoginSettings
  settingsFile: string
}

/** The first way that works, or the one that was forced: credentials at hand, SAML in a browser, a response on standard input. */
export async function login(ports: LoginPorts, request: LoginRequest): Promise<AwsSession> {
  const { method, profile, settings, settingsFile } = request
  if (method === 'chain' || (method === undefined && profile !== undefined)) return byChain(ports, request)
  if (method === 'stdin') {
    const assertion = readAssertion((await ports.readStdin()).reveal())
    return bySaml(ports, settings, assertion, 'stdin')
  }
  if (method === 'saml') return byBrowser(ports, request)
  try {
    return await byChain(ports, request)
  } catch (error) {
    if (settings.signInUrl !== undefined) return byBrowser(ports, request)
    throw loginErrors.LOGIN_NO_WAY({ tried: reasonOf(error), file: settingsFile }, { cause: error })
  }
}

async function byChain(ports: LoginPorts, { profile, settings }: LoginRequest): Promise<AwsSession> {
  try {
    const { expiresAt, ...caller } = await ports.askChain({ profile, region: settings.region })
    return {
      v: 1,
      method: 'chain',
      person: personOf(caller.arn),
      ...caller,
      ...(expiresAt !== undefined && { expiresAt }),
    }
  } catch (cause) {
    throw loginErrors.LOGIN_PROFILE_FAILED({ reason: reasonOf(cause) }, { cause })
  }
}

async function byBrowser(ports: LoginPorts, { settings, settingsFile }: LoginRequest): Promise<AwsSession> {
  const { signInUrl, timeout, browser } = settings
  if (signInUrl === undefined) throw loginErrors.LOGIN_SIGN_IN_URL_MISSING({ file: settingsFile })
  const response = await ports.capture({ url: signInUrl, timeoutMs: timeout, browser, headless: false })
  return bySaml(ports, settings, readAssertion(response.reveal()), 'saml')
}

async function bySaml(
  { assume, askRole, clock }: LoginPorts,
  settings: LoginSettings,
  assertion: Assertion,
  method: 'saml' | 'stdin',
): Promise<AwsSession> {
  const role = await chooseRole(assertion.roles, settings.role, askRole)
  const durationSeconds = settings.duration === undefined ? undefined : Math.round(settings.duration / 1000)
  const renewal = method === 'saml' ? renewalOf(settings, role, durationSeconds) : undefined
  return takeRole(assume, {
    role,
    assertion,
    method,
    region: settings.region,
    durationSeconds,
    renewal,
    now: clock.now(),
  })
}

const renewalOf = (
  { signInUrl = '', browser }: LoginSettings,
  { roleArn }: SamlRole,
  durationSeconds: number | undefined,
): Renewal => ({
  signInUrl,
  roleArn,
  ...(browser !== undefined && { browser }),
  ...(durationSeconds !== undefined && { durationSeconds }),
})

/** Long enough for redirects that need nobody, short enough for a tool that waits. */
const SILENT_MS = 20_000

/** Once more without asking anybody: works while the identity provider still knows the browser's profile. */
export async function renew(ports: LoginPorts, session: AwsSession): Promise<AwsSession> {
  const { renewal, region } = session
  if (!renewal) throw loginErrors.LOGIN_EXPIRED({ session: session.person })
  const { signInUrl, browser, roleArn, durationSeconds } = renewal
  const response = await ports.capture({ url: signInUrl, timeoutMs: SILENT_MS, browser, headless: true })
  const assertion = readAssertion(response.reveal())
  const role = await chooseRole(assertion.roles, roleArn, undefined)
  const now = ports.clock.now()
  return takeRole(ports.assume, { role, assertion, method: 'saml', region, durationSeconds, renewal, now })
}
