import { EC2Client } from '@aws-sdk/client-ec2'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { fromNodeProviderChain } from '@aws-sdk/credential-providers'
import type { Clock } from '../kernel/clock.ts'
import { reasonOf } from '../kernel/errors.ts'
import type { Secret } from '../kernel/secret.ts'
import type { Scope } from '../model/scope.ts'
import { createRoleAssumer } from './assume-role.ts'
import { isDenied } from './error-sets.ts'
import { awsErrors } from './errors.ts'
import type { AccessKeys } from './federated-role.ts'

/**
 * AWS as an engineer at a command line has it: the session of `enchilada login`, or the SDK's own chain of credentials (variables, profiles,
 * Identity Center, `aws login`); and from there one role of the account that is visited.
 */
export type Engineer = {
  ec2(scope: Scope, role: string | undefined): Promise<EC2Client>
  /** Who AWS says this is; asked once. `name` is the last part of the ARN: a session's or a user's. */
  whoAmI(region: string): Promise<{ account: string; arn: string; name: string }>
}

const RETRIES = { maxAttempts: 4, retryMode: 'standard' } as const

export type EngineerOptions = {
  clock: Clock
  profile: string | undefined
  /** The session kept, renewed as it needs be; absent or nothing: the chain alone. */
  session?: () => Promise<{ keys: Secret<AccessKeys>; expiresAt?: number | undefined } | undefined>
}

export function createEngineer({ clock, profile, session }: EngineerOptions): Engineer {
  const chain = fromNodeProviderChain(profile === undefined ? {} : { profile })
  const credentials = async () => {
    const kept = await session?.()
    if (!kept) return chain()
    const { sessionToken, ...keys } = kept.keys.reveal()
    return {
      ...keys,
      ...(sessionToken !== undefined && { sessionToken }),
      ...(kept.expiresAt !== undefined && { expiration: new Date(kept.expiresAt) }),
    }
  }
  let known: ReturnType<Engineer['whoAmI']> | undefined

  const whoAmI: Engineer['whoAmI'] = (region) => {
    known ??= ask(region)
    return known
  }
  async function ask(region: string): ReturnType<Engineer['whoAmI']> {
    try {
      const sts = new STSClient({ region, credentials, ...RETRIES })
      const { Account = '', Arn = '' } = await sts.send(new GetCallerIdentityCommand({}))
      return { account: Account, arn: Arn, name: Arn.slice(Arn.lastIndexOf('/') + 1) || Arn }
    } catch (cause) {
      const details = { action: 'sts:GetCallerIdentity', account: 'of these credentials', reason: reasonOf(cause) }
      throw isDenied(cause) ? awsErrors.AWS_DENIED(details, { cause }) : awsErrors.AWS_UNAVAILABLE(details, { cause })
    }
  }

  return {
    whoAmI,
    async ec2(scope, role) {
      if (role === undefined) return new EC2Client({ region: scope.region, credentials, ...RETRIES })
      const sts = new STSClient({ region: scope.region, credentials, ...RETRIES })
      const assume = createRoleAssumer({ sts, clock })
      const visitor = await whoAmI(scope.region)
      const arn = `arn:${scope.partition}:iam::${scope.account}:role/${role}`
      // A function, so that a tunnel that outlives the session goes on with the next.
      return new EC2Client({ region: scope.region, credentials: () => assume(arn, visitor), ...RETRIES })
    },
  }
}
