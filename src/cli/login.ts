import { writeProfile } from '../aws-login/aws-config.ts'
import { loginErrors } from '../aws-login/errors.ts'
import { freshSession, keep } from '../aws-login/kept-session.ts'
import { login, methods } from '../aws-login/login.ts'
import { readLoginSettings } from '../aws-login/login-settings.ts'
import type { AwsSession } from '../aws-login/session.ts'
import { processCredentials, shellLines, shellOf, shells } from '../aws-login/shell-lines.ts'
import { toIso } from '../kernel/clock.ts'
import { type Command, optionText } from './command.ts'
import { exitCodes } from './exit.ts'
import { awsConfigFile, keptSessions, loginPorts, settingsFile, USUAL_SESSION } from './login-parts.ts'

/** Signs in to AWS and keeps the session for other tools; or prints it in the form asked for. */
export const loginCommand: Command = async (context) => {
  const { options, output } = context
  const name = optionText(context, 'session') ?? USUAL_SESSION
  const ports = loginPorts()
  const kept = await keptSessions(context, ports)
  if (options['forget'] === true) {
    await kept.store.forget(name)
    output.document({ session: name, kept: false }, () => `The session ${name} is forgotten.`)
    return exitCodes.ok
  }
  if (options['credentialProcess'] === true) {
    // Run by another tool: it asks nobody, and it never asks the chain that it is part of.
    const session = await freshSession(kept, name)
    if (!session) throw loginErrors.LOGIN_SESSION_UNKNOWN({ session: name })
    process.stdout.write(`${JSON.stringify(processCredentials(session))}\n`)
    return exitCodes.ok
  }
  const profile = optionText(context, 'writeProfile')
  // Nobody signs in for a profile that is refused afterwards.
  if (profile !== undefined && kept.store.kind === 'none') {
    throw loginErrors.LOGIN_PROFILE_UNKEPT({ profile, reason: 'no session is kept here' })
  }
  const session = (await sessionAtHand()) ?? (await signIn())
  const shell = options['export']
  if (shell !== undefined) {
    const named = shells.find((one) => one === shell) ?? shellOf(process.platform, process.env)
    process.stdout.write(`${shellLines(session, named)}\n`)
    return exitCodes.ok
  }
  const holds = session.method !== 'chain' && kept.store.kind !== 'none'
  if (profile !== undefined) {
    // By its name another kept session would answer, or none.
    if (!holds)
      throw loginErrors.LOGIN_PROFILE_UNKEPT({ profile, reason: "credentials of AWS's own tools are not kept" })
    await writeProfile(awsConfigFile(), profileOf(profile, name, session))
  }
  const { keys: _, renewal: __, v: ___, expiresAt, ...told } = session
  output.document(
    {
      session: name,
      ...told,
      ...(expiresAt !== undefined && { expiresAt: toIso(expiresAt) }),
      keptIn: holds ? kept.store.kind : null,
    },
    () => describe(session, wayTo()),
  )
  return exitCodes.ok

  /** How another command has this session and no other; a kept one goes first where none is named. */
  function wayTo(): string {
    const from = optionText(context, 'profile')
    const tried = 'aws sts get-caller-identity'
    if (holds) return `Use it: enchilada exec ${name === USUAL_SESSION ? '' : `--session ${name} `}-- ${tried}`
    if (session.method !== 'chain')
      return 'It is not kept: no keychain works here and no passphrase is set. Use eval "$(enchilada login --export)".'
    return `Use it: ${from === undefined ? '' : `enchilada exec --profile ${from} -- `}${tried}`
  }

  async function sessionAtHand(): Promise<AwsSession | undefined> {
    const chosen = ['renew', 'method', 'profile', 'signInUrl', 'role'].some((option) => options[option] !== undefined)
    if (chosen) return undefined
    return freshSession(kept, name).catch(() => undefined)
  }

  async function signIn(): Promise<AwsSession> {
    const given = (option: string) => optionText(context, option)
    const file = settingsFile()
    const settings = readLoginSettings(file, {
      signInUrl: given('signInUrl'),
      role: given('role'),
      region: given('region') ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'],
      duration: given('duration'),
      browser: given('browser'),
      timeout: given('timeout'),
    })
    const method = methods.find((one) => one === given('method'))
    const made = await login(ports, { method, profile: given('profile'), settings, settingsFile: file })
    // The SDK keeps the chain's own.
    if (made.method !== 'chain') await keep(kept, name, made)
    return made
  }
}

function describe({ person, arn, account, expiresAt, sourceIdentity, method }: AwsSession, way: string): string {
  return [
    `You are ${person} in account ${account} (${arn}).`,
    ...(expiresAt === undefined ? [] : [`The session ends at ${toIso(expiresAt)}.`]),
    ...(method !== 'chain' && sourceIdentity === undefined
      ? ['The identity provider sends no SourceIdentity: trails show the session name alone.']
      : []),
    way,
  ].join('\n')
}

const profileOf = (name: string, session: string, { region }: AwsSession) => ({
  name,
  region,
  command: [process.execPath, process.argv[1] ?? '', 'login', '--credential-process', '--session', session],
})
