import { DescribeSecurityGroupsCommand, EC2Client } from '@aws-sdk/client-ec2'
import { makeAuthority } from '../../test/fixtures/authority.ts'
import { startPostgres, type TestPostgres } from '../../test/fixtures/postgres.ts'
import type { Organisation } from '../aws/organisation.ts'
import { type FunctionsSettings, HOME_REGION } from './deploy-stacks.ts'
import { keepSecret } from './keep-secret.ts'

export type LabDatabase = TestPostgres & {
  /** Certificate of the authority that vouches for it, PEM. */
  authority: string
  functions: FunctionsSettings
}

/** PostgreSQL with its secret in the shared-services account, as RDS would write it. */
export async function startDatabase(endpoint: string, organisation: Organisation): Promise<LabDatabase> {
  const authority = await makeAuthority('company')
  const postgres = await startPostgres({ tls: await authority.issue('localhost') })
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
  const secretArn = await keepSecret(endpoint, organisation, 'enchilada-database', SecretString)
  const groups = await new EC2Client(common).send(
    new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'group-name', Values: ['default'] }] }),
  )
  const network = networks[HOME_REGION]
  return {
    ...postgres,
    authority: authority.certificate,
    functions: {
      database: {
        secretArn,
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
