import { Effect, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam'
import { acknowledge } from '../acknowledge.ts'

const ACTIONS = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
]

/**
 * What the Lambda service itself does with the role of a function in a VPC, and the function's own code may not
 * (Lambda Developer Guide, "Attaching Lambda functions to a VPC": best practice for execution roles).
 */
export function allowNetworkInterfaces(role: Role): void {
  role.addToPolicy(new PolicyStatement({ actions: ACTIONS, resources: ['*'] }))
  role.addToPolicy(
    new PolicyStatement({
      effect: Effect.DENY,
      actions: ACTIONS,
      resources: ['*'],
      conditions: { Null: { 'lambda:SourceFunctionArn': 'false' } },
    }),
  )
  acknowledge(role, 'Network interfaces of the service; the code of the function is denied them', 'IAM5[Resource::*]')
}
