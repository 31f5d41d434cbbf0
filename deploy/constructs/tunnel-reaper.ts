import { Aws, Duration } from 'aws-cdk-lib'
import { Rule, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import { type CfnRole, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import type * as z from 'zod'
import type { reaperEnvironment } from '../../src/lambda/environment.ts'
import { acknowledge } from '../acknowledge.ts'
import type { ManagementVpcSettings } from '../management-vpc-settings.ts'
import { tunnelNames } from '../names.ts'
import type { DeploySettings } from '../settings.ts'
import { bundledFunction } from './bundled-function.ts'
import { trustedRole } from './trusted-role.ts'

export type TunnelReaperProps = {
  settings: ManagementVpcSettings
  deployment: DeploySettings
  /** As JSON. */
  environment: string
  connections: ILogGroup
  /** Makes the group of its own chain, where it has one. */
  trail: () => ILogGroup
  bundles: string
}

/** What the reaper may do to servers of its environment and with their log, whoever runs it. */
function reaperStatements({ environment, region }: ManagementVpcSettings, connections: ILogGroup) {
  return [
    { actions: ['ec2:DescribeInstances'], resources: ['*'] },
    {
      actions: ['ec2:TerminateInstances'],
      resources: [`arn:${Aws.PARTITION}:ec2:${region}:${Aws.ACCOUNT_ID}:instance/*`],
      conditions: { StringEquals: { 'aws:ResourceTag/enchilada:environment': environment } },
    },
    { actions: ['logs:FilterLogEvents', 'logs:PutLogEvents'], resources: [connections.logGroupArn] },
  ]
}

/** The standing reaper: there before the first server, and needs nothing of laptop or guest. */
export class TunnelReaper extends Construct {
  /** Undefined where `enchilada serve` does its work. */
  readonly reaper: IFunction | undefined

  constructor(scope: Construct, id: string, props: TunnelReaperProps) {
    super(scope, id)
    const { settings, deployment, connections } = props
    const names = tunnelNames(settings.environment)
    const statements = reaperStatements(settings, connections)
    const description = `Enchilada: ends tunnel servers of ${settings.environment} past their time`
    if (settings.reaper === 'serve') {
      const role = trustedRole(this, 'Role', {
        ...{ settings: deployment, roleName: names.reaper, description, visitors: ['portal'] },
        statements: statements.map(({ actions, resources, conditions }) => ({
          ...{ Effect: 'Allow', Action: actions, Resource: resources },
          ...(conditions && { Condition: conditions }),
        })),
      })
      this.#explain(role, settings)
      return
    }
    const role = new Role(this, 'Role', {
      ...{ roleName: names.reaper, description },
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    })
    for (const statement of statements) role.addToPolicy(new PolicyStatement(statement))
    // It reads the end of its own chain before it goes on with it.
    const chain = ['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:GetLogEvents']
    const trail = props.trail()
    role.addToPolicy(new PolicyStatement({ actions: chain, resources: [trail.logGroupArn] }))
    this.#explain(role, settings)
    this.reaper = this.#onSchedule(role, trail, props)
  }

  #onSchedule(role: Role, trail: ILogGroup, { settings, environment, bundles }: TunnelReaperProps): IFunction {
    const told = { ENCHILADA_ENVIRONMENT: environment, TRAIL_GROUP: trail.logGroupName } satisfies Partial<
      z.input<typeof reaperEnvironment>
    >
    const reaper = bundledFunction(this, 'Reaper', {
      ...{ role, bundles, bundle: 'reaper', environment: told },
      timeout: Duration.seconds(60),
      memorySize: 256,
      // Two at once would write one chain.
      reservedConcurrentExecutions: 1,
    })
    new Rule(this, 'Schedule', {
      description: `Enchilada: tunnel servers of ${settings.environment} past their time end`,
      schedule: Schedule.rate(Duration.minutes(settings.reapMinutes)),
      targets: [new LambdaFunction(reaper)],
    })
    return reaper
  }

  #explain(role: Role | CfnRole, { region }: ManagementVpcSettings): void {
    acknowledge(role, 'Describing instances knows no resources', 'IAM5[Resource::*]')
    acknowledge(
      role,
      'Servers come and go; only those with the tag of this environment',
      `IAM5[Resource::arn:<AWS::Partition>:ec2:${region}:<AWS::AccountId>:instance/*]`,
    )
  }
}
