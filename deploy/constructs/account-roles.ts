import { Aws } from 'aws-cdk-lib'
import { Construct } from 'constructs'
import { acknowledge } from '../acknowledge.ts'
import { roleNames } from '../names.ts'
import { readersOf } from '../principals.ts'
import type { DeploySettings } from '../settings.ts'
import { allow, type ExternalId, trustedRole } from './trusted-role.ts'

/** The two doors that an account opens to the shared-services account: one looks, one connects. */
export class AccountRoles extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { settings, externalId }: { settings: DeploySettings; externalId: ExternalId },
  ) {
    super(scope, id)
    const read = trustedRole(this, 'Read', {
      settings,
      roleName: roleNames.read,
      description: 'Enchilada looks at instances',
      visitors: readersOf(settings),
      externalId,
      statements: [allow(['ec2:DescribeInstances', 'ec2:DescribeRegions'], '*')],
    })
    // Describe actions know no resources (Service Authorization Reference, EC2).
    acknowledge(read, 'Listing instances and regions knows no resources', 'IAM5[Resource::*]')
    const connect = trustedRole(this, 'Connect', {
      settings,
      roleName: roleNames.connect,
      description: 'Enchilada connects somebody to an instance',
      visitors: ['portal'],
      externalId,
      // As the person: the instance again, the image's name; host keys on its console, a key for one session.
      statements: [
        allow(['ec2:DescribeInstances', 'ec2:DescribeImages'], '*'),
        allow(
          ['ec2:GetConsoleOutput', 'ec2-instance-connect:SendSSHPublicKey'],
          `arn:${Aws.PARTITION}:ec2:*:${Aws.ACCOUNT_ID}:instance/*`,
        ),
      ],
    })
    acknowledge(connect, 'Describing instances and images knows no resources', 'IAM5[Resource::*]')
    acknowledge(
      connect,
      'Which instance somebody may open is decided by policy, with each connect; here it is every instance of this account',
      'IAM5[Resource::arn:<AWS::Partition>:ec2:*:<AWS::AccountId>:instance/*]',
    )
  }
}
