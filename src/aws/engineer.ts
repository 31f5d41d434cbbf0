import { EC2Client } from '@aws-sdk/client-ec2'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { fromNodeProviderChain } from '@aws-sdk/credential-providers'
import type { Clock } from '../kernel/clock.ts'
import { reasonOf } from '../kernel/errors.ts'
import type { Scope } from '../model/scope.ts'
import { createRoleAssumer } from './assume-role.ts'
import { isDenied } from './error-sets.ts'
import { awsErrors } from './errors.ts'

/**
 * AWS as an engineer at a command line has it: the SDK's own chain of credentials (variables, profiles, Identity Center, `aws login`),
 * and from there one role of the account that is visited.
 */
export type Engineer = {
  ec2(scope: Scope, role: string | undefined): Promise<EC2Client>
  /** Who AWS says this is; asked once. `name` is the last part of the ARN: a session's or a user's. */
  whoAmI(region: string): Promise<{ account: string; arn: string; name: string }>
}

const RETRIES = { maxAttempts: 4, retryMode: 'standard' } as const

export function createEngineer({ clock, profile }: { clock: Clock; profile: string | undefined }): Engineer {
  const credentials = fromNodeProviderChain(profile === undefined ? {} : { profile })
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
