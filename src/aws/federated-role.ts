import { AssumeRoleWithSAMLCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { fromNodeProviderChain } from '@aws-sdk/credential-providers'
import { Secret } from '../kernel/secret.ts'
import { RETRIES } from './patience.ts'

export type AccessKeys = { accessKeyId: string; secretAccessKey: string; sessionToken?: string | undefined }

export type FederatedRole = {
  keys: Secret<AccessKeys>
  arn: string
  sourceIdentity: string | undefined
  expiresAt: number
}

export type SamlGrant = {
  region: string
  roleArn: string
  providerArn: string
  assertion: Secret
  /** Undefined: AWS's own hour. */
  durationSeconds: number | undefined
}

/** AssumeRoleWithSAML is signed by nobody: the assertion is the proof. Throws the SDK's error as it is. */
export async function assumeRoleWithSaml(grant: SamlGrant): Promise<FederatedRole> {
  const sts = new STSClient({ region: grant.region, ...RETRIES })
  try {
    const { Credentials, AssumedRoleUser, SourceIdentity } = await sts.send(
      new AssumeRoleWithSAMLCommand({
        RoleArn: grant.roleArn,
        PrincipalArn: grant.providerArn,
        SAMLAssertion: grant.assertion.reveal(),
        ...(grant.durationSeconds !== undefined && { DurationSeconds: grant.durationSeconds }),
      }),
    )
    return {
      keys: new Secret({
        accessKeyId: Credentials?.AccessKeyId ?? '',
        secretAccessKey: Credentials?.SecretAccessKey ?? '',
        sessionToken: Credentials?.SessionToken,
      }),
      arn: AssumedRoleUser?.Arn ?? '',
      sourceIdentity: SourceIdentity,
      expiresAt: Credentials?.Expiration?.getTime() ?? 0,
    }
  } finally {
    sts.destroy()
  }
}

export type ChainOptions = { profile: string | undefined; region: string | undefined }
export type Caller = {
  keys: Secret<AccessKeys>
  account: string
  arn: string
  region: string
  expiresAt: number | undefined
}

/** Where nothing else is said, as AWS's own tools do it. */
const USUAL_REGION = 'us-east-1'

/**
 * The SDK's own chain: variables, profiles, Identity Center, `aws login`, processes, metadata. `ask` says who AWS takes them for, and
 * so whether they work at all.
 */
export async function askChain({ profile, region }: ChainOptions): Promise<Caller> {
  // A laptop has no metadata service: one short try instead of the SDK's long ones.
  const chain = fromNodeProviderChain({ ...(profile !== undefined && { profile }), timeout: 500, maxRetries: 0 })
  const credentials = await chain()
  const sts = new STSClient({
    credentials,
    ...(region !== undefined && { region }),
    ...(profile !== undefined && { profile }),
    ...RETRIES,
  })
  try {
    const where = await sts.config.region().catch(() => USUAL_REGION)
    const asking = region === undefined && where === USUAL_REGION ? new STSClient({ credentials, region: where }) : sts
    const { Account = '', Arn = '' } = await asking.send(new GetCallerIdentityCommand({}))
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = credentials
    return {
      keys: new Secret({ accessKeyId, secretAccessKey, sessionToken }),
      account: Account,
      arn: Arn,
      region: where,
      expiresAt: expiration?.getTime(),
    }
  } finally {
    sts.destroy()
  }
}
