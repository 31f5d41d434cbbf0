import { DescribeSecurityGroupsCommand, EC2Client } from '@aws-sdk/client-ec2'
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { startPostgres, type TestPostgres } from '../../test/fixtures/postgres.ts'
import type { Organisation } from '../aws/organisation.ts'
import { type FunctionsSettings, HOME_REGION } from './deploy-stacks.ts'

export type LabDatabase = TestPostgres & { functions: FunctionsSettings }

/** PostgreSQL with its secret in the shared-services account, as RDS would write it. */
export async function startDatabase(endpoint: string, organisation: Organisation): Promise<LabDatabase> {
  const postgres = await startPostgres()
  const url = new URL(postgres.url)
  const { credentials, networks } = organisation.accounts.shared
  const common = { endpoint, region: HOME_REGION, credentials }
  const SecretString = JSON.stringify({
    engine: 'postgres',
    host: url.hostname,
    port: Number(url.port),
    username: url.username,
    password: 'trusted',
    dbname: url.pathname.slice(1),
  })
  const secret = await new SecretsManagerClient(common).send(
    new CreateSecretCommand({ Name: 'enchilada-database', SecretString }),
  )
  const groups = await new EC2Client(common).send(
    new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'group-name', Values: ['default'] }] }),
  )
  const network = networks[HOME_REGION]
  return {
    ...postgres,
    functions: {
      database: {
        secretArn: secret.ARN ?? '',
        tls: 'disable',
        vpcId: network?.vpcId ?? '',
        availabilityZones: [`${HOME_REGION}a`],
        subnetIds: [network?.subnetId ?? ''],
        securityGroupId: groups.SecurityGroups?.[0]?.GroupId ?? '',
      },
      // The lab fires the schedule when it wants a sweep.
      sweepMinutes: 1,
    },
  }
}
