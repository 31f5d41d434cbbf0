import { Aws } from 'aws-cdk-lib'
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam'
import { acknowledge } from '../acknowledge.ts'

/** Lets a role of ours visit every account in which a role of that name trusts it; which accounts those are, they decide. */
export function allowVisits(role: Role, roleNames: readonly string[]): void {
  role.addToPolicy(
    new PolicyStatement({
      actions: ['sts:AssumeRole', 'sts:SetSourceIdentity'],
      resources: roleNames.map((name) => `arn:${Aws.PARTITION}:iam::*:role/${name}`),
    }),
  )
  acknowledge(
    role,
    'Any account may join by trusting this role; the names of the roles are fixed',
    ...roleNames.map((name) => `IAM5[Resource::arn:<AWS::Partition>:iam::*:role/${name}]`),
  )
}
