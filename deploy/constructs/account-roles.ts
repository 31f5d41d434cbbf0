import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { Construct } from 'constructs'
import { acknowledge } from '../acknowledge.ts'
import { roleNames } from '../names.ts'
import { trustedRole } from './trusted-role.ts'

/** What discovery asks. None of these actions knows resources (Service Authorization Reference, EC2). */
const READ_ACTIONS = ['ec2:DescribeInstances', 'ec2:DescribeRegions']

/** What one connect asks, as the person: the instance again, the image's name, host keys on the console. */
const CONNECT_LOOKS = ['ec2:DescribeInstances', 'ec2:DescribeImages', 'ec2:GetConsoleOutput']

export type AccountRolesProps = {
  partition: string
  /** This account. */
  account: string
  readers: readonly string[]
  connectors: readonly string[]
  externalId?: string | undefined
}

/** The two doors that an account opens to the shared-services account: one looks, one connects. */
export class AccountRoles extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { partition, account, readers, connectors, externalId }: AccountRolesProps,
  ) {
    super(scope, id)
    const read = trustedRole(this, 'Read', {
      roleName: roleNames.read,
      description: 'Enchilada looks at instances',
      trusted: readers,
      externalId,
    })
    read.addToPolicy(new PolicyStatement({ actions: READ_ACTIONS, resources: ['*'] }))
    acknowledge(read, 'Listing instances and regions knows no resources', 'IAM5[Resource::*]')
    const connect = trustedRole(this, 'Connect', {
      roleName: roleNames.connect,
      description: 'Enchilada connects somebody to an instance',
      trusted: connectors,
      externalId,
    })
    connect.addToPolicy(new PolicyStatement({ actions: CONNECT_LOOKS, resources: ['*'] }))
    connect.addToPolicy(
      new PolicyStatement({
        actions: ['ec2-instance-connect:SendSSHPublicKey'],
        resources: [`arn:${partition}:ec2:*:${account}:instance/*`],
      }),
    )
    acknowledge(connect, 'Describing instances and reading their console knows no resources', 'IAM5[Resource::*]')
    acknowledge(
      connect,
      'Which instance somebody may open is decided by policy, with each connect; here it is every instance of this account',
      'IAM5[Resource::arn:<AWS::Partition>:ec2:*:<AWS::AccountId>:instance/*]',
    )
  }
}
