import type { TargetCalls } from '../aws/target-calls.ts'
import { reasonOf } from '../kernel/errors.ts'
import type { Secret } from '../kernel/secret.ts'
import { readSecretSource } from '../kernel/secret-source.ts'
import type { Connection } from '../model/connection.ts'
import type { Instance } from '../model/instance.ts'
import type { Person } from '../model/person.ts'
import { defaultUserOf } from './default-user.ts'
import { credentialErrors } from './errors.ts'
import { generateSessionKey } from './session-key.ts'
import type { CredentialSetting, CredentialSource, CredentialsSettings } from './settings.ts'

/** How the target is opened this once. Dropped as soon as the login is over. */
export type TargetLogin = {
  userName: string
  auth: { password: Secret } | { privateKey: Secret; passphrase?: Secret }
  /** To be called when the port has answered: what is pushed to the target lives for seconds. */
  prepare(): Promise<void>
}

export type Opening = {
  connection: Connection
  /** As AWS says it now. */
  instance: Instance
  person: Person
  /** The host's key was learned before this connect, and not on first use. */
  hostKeyKnown: boolean
}

export type ResolveCredential = (opening: Opening) => Promise<TargetLogin>

/** Rejects with one of credentialErrors; secrets are fetched here and nowhere else. */
export function createCredentialResolver(deps: {
  settings: CredentialsSettings
  calls: Pick<TargetCalls, 'readSecretValue' | 'readParameter' | 'pushSessionKey' | 'readImageName'>
  env: NodeJS.ProcessEnv
}): ResolveCredential {
  const { settings, calls, env } = deps

  const read = async (name: string, source: CredentialSource): Promise<Secret> => {
    try {
      if ('secretsManager' in source) return await calls.readSecretValue(source.secretsManager)
      if ('parameter' in source) return await calls.readParameter(source.parameter)
    } catch (cause) {
      throw credentialErrors.CREDENTIAL_UNREADABLE({ name, reason: reasonOf(cause) }, { cause })
    }
    const secret = readSecretSource(source, env)
    if (!secret) throw credentialErrors.CREDENTIAL_UNREADABLE({ name, reason: 'it is not set here' })
    return secret
  }

  const defaultUser = async ({ connection: { scope }, instance, person }: Opening): Promise<string> => {
    if (instance.platform === 'windows') return 'Administrator'
    // An image that is gone, or that we may not look at, says nothing.
    return defaultUserOf(await calls.readImageName({ scope, imageId: instance.imageId }, person).catch(() => ''))
  }

  return async (opening) => {
    const { connection, instance } = opening
    const setting = connection.credential ? settings.find((one) => one.name === connection.credential) : settings[0]
    if (!setting) throw credentialErrors.CREDENTIAL_UNKNOWN({ name: connection.credential ?? '(none)' })
    const userName = connection.userName ?? setting.userName ?? (await defaultUser(opening))
    if (setting.kind === 'instance-connect') return sessionKey(opening, userName, calls)
    refuseElsewhere(setting, opening)
    const nothing = async () => undefined
    if (setting.kind === 'password') {
      if (!opening.hostKeyKnown) throw credentialErrors.CREDENTIAL_NEEDS_KNOWN_HOST({ instance: instance.id })
      return { userName, auth: { password: await read(setting.name, setting.source) }, prepare: nothing }
    }
    const privateKey = await read(setting.name, setting.source)
    const passphrase = setting.passphrase ? await read(setting.name, setting.passphrase) : undefined
    return { userName, auth: { privateKey, ...(passphrase ? { passphrase } : {}) }, prepare: nothing }
  }
}

/** A secret names where it may go. */
function refuseElsewhere(setting: Extract<CredentialSetting, { allowed: unknown }>, { connection, instance }: Opening) {
  const { accounts, instances } = setting.allowed
  const here = accounts?.includes(connection.scope.account) || instances?.includes(instance.id)
  if (!here) {
    const { account } = connection.scope
    throw credentialErrors.CREDENTIAL_NOT_ALLOWED({ name: setting.name, instance: instance.id, account })
  }
}

function sessionKey(
  { connection, instance, person }: Opening,
  userName: string,
  calls: Pick<TargetCalls, 'pushSessionKey'>,
): TargetLogin {
  const { privateKey, publicKey } = generateSessionKey(`enchilada ${person.name}`)
  return {
    userName,
    auth: { privateKey },
    async prepare() {
      const target = { scope: connection.scope, instance, userName, publicKey }
      await calls.pushSessionKey(target, person).catch((cause) => {
        throw credentialErrors.INSTANCE_CONNECT_REFUSED({ instance: instance.id, reason: reasonOf(cause) }, { cause })
      })
    },
  }
}
