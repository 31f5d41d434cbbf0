import { EC2Client } from '@aws-sdk/client-ec2'
import { EC2InstanceConnectClient } from '@aws-sdk/client-ec2-instance-connect'
import { OrganizationsClient } from '@aws-sdk/client-organizations'
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import type { SQSClient } from '@aws-sdk/client-sqs'
import { SSMClient } from '@aws-sdk/client-ssm'
import { STSClient } from '@aws-sdk/client-sts'
import type { Clock } from '../kernel/clock.ts'
import type { Scope } from '../model/scope.ts'
import { type Credentials, createRoleAssumer, type Visitor } from './assume-role.ts'
import { createEc2Turns } from './ec2-turns.ts'
import { createSecretsManager, createSqs } from './own-account.ts'
import { RETRIES } from './patience.ts'
import type { AwsSettings } from './settings.ts'

export type Role = 'read' | 'connect'

/** One look into an account and region, as one visitor. */
export type Visit = {
  readonly scope: Scope
  readonly ec2: EC2Client
  /** Waits for our share of EC2's rate. */
  turn(signal?: AbortSignal): Promise<void>
}

export type Aws = {
  readonly settings: AwsSettings
  visit(scope: Scope, role: Role, visitor: Visitor): Promise<Visit>
  /** For EC2 Instance Connect and secrets of the target's account. */
  credentials(scope: Scope, role: Role, visitor: Visitor): Promise<Credentials>
  instanceConnect(region: string, credentials: Credentials): EC2InstanceConnectClient
  organizations(credentials?: Credentials): OrganizationsClient
  assume(roleArn: string, visitor: Visitor): Promise<Credentials>
  readonly sqs: SQSClient
  secretsManager(region: string): SecretsManagerClient
  ssm(region: string): SSMClient
}

/** `among`: processes that look at the same accounts at the same time; each keeps to its part of EC2's rate. */
export function createAws(options: { settings: AwsSettings; clock: Clock; among?: number }): Aws {
  const { settings, clock, among = 1 } = options
  const region = settings.homeRegion
  const sts = new STSClient({ region, ...RETRIES })
  const assume = createRoleAssumer({ sts, clock })
  const turn = createEc2Turns(clock, among)
  const externalIds = new Map(
    settings.accounts === 'organization' ? [] : settings.accounts.map((account) => [account.id, account.externalId]),
  )
  const credentials = (scope: Scope, role: Role, visitor: Visitor) => {
    const name = role === 'read' ? settings.readRole : settings.connectRole
    return assume(`arn:${scope.partition}:iam::${scope.account}:role/${name}`, visitor, externalIds.get(scope.account))
  }
  return {
    settings,
    async visit(scope, role, visitor) {
      const ec2 = new EC2Client({
        region: scope.region,
        credentials: await credentials(scope, role, visitor),
        // Clients are many and endpoints few: one a region, whose connections are kept from visit to visit.
        requestHandler: sts.config.requestHandler,
        ...RETRIES,
      })
      return { scope, ec2, turn: (signal) => turn(scope, signal) }
    },
    credentials,
    instanceConnect: (where, keys) => new EC2InstanceConnectClient({ region: where, credentials: keys, ...RETRIES }),
    organizations: (keys) => new OrganizationsClient({ region, ...(keys ? { credentials: keys } : {}), ...RETRIES }),
    assume: (roleArn, visitor) => assume(roleArn, visitor),
    sqs: createSqs(region),
    secretsManager: createSecretsManager,
    ssm: (where) => new SSMClient({ region: where, ...RETRIES }),
  }
}
