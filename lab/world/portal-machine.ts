import { EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2'
import type { Organisation } from '../aws/organisation.ts'
import type { Aws } from '../aws/start.ts'
import { HOME_REGION, type Wiring } from './deploy-stacks.ts'

const IMAGE = 'ami-0a1a2023a1a2023a0'

/**
 * Starts the machine that a customer would install on, with the instance profile that the stack made, and gives what its metadata
 * service would: credentials of the role, and where AWS is.
 */
export async function startPortalMachine(
  aws: Pick<Aws, 'endpoint' | 'lab'>,
  organisation: Organisation,
  { portalRole }: Wiring,
): Promise<Record<string, string>> {
  const { credentials, networks } = organisation.accounts.shared
  const ec2 = new EC2Client({ endpoint: aws.endpoint, region: HOME_REGION, credentials })
  const { Instances } = await ec2.send(
    new RunInstancesCommand({
      ImageId: IMAGE,
      InstanceType: 't4g.small',
      MinCount: 1,
      MaxCount: 1,
      SubnetId: networks[HOME_REGION]?.subnetId,
      IamInstanceProfile: { Name: portalRole },
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'enchilada' }] }],
    }),
  )
  const given = await aws.lab.credentials(Instances?.[0]?.InstanceId ?? '')
  if (!given) throw new Error(`the instance profile ${portalRole} has no role`)
  return {
    AWS_ACCESS_KEY_ID: given.accessKeyId,
    AWS_SECRET_ACCESS_KEY: given.secretAccessKey,
    AWS_SESSION_TOKEN: given.token,
    AWS_REGION: HOME_REGION,
    AWS_ENDPOINT_URL: aws.endpoint,
  }
}
