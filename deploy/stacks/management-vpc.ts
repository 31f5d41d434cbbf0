import { CfnOutput, Fn, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib'
import { FlowLogDestination } from 'aws-cdk-lib/aws-ec2'
import { InstanceProfile, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { EngineerRole } from '../constructs/engineer-role.ts'
import { TunnelAlarms } from '../constructs/tunnel-alarms.ts'
import { TunnelNetwork } from '../constructs/tunnel-network.ts'
import { TunnelReaper } from '../constructs/tunnel-reaper.ts'
import type { ManagementVpcSettings } from '../management-vpc-settings.ts'
import { tunnelNames } from '../names.ts'
import type { DeploySettings } from '../settings.ts'

export type ManagementVpcProps = StackProps & {
  settings: ManagementVpcSettings
  deployment: DeploySettings
  bundles: string
}

/**
 * One environment of the tunnel, in a customer's management account: where servers stand, what they and the engineers may do, and the log of
 * connections. `Environment` is what engineers' machines are told.
 */
export class ManagementVpcStack extends Stack {
  readonly #zones: number

  constructor(scope: Construct, id: string, { settings, deployment, bundles, ...props }: ManagementVpcProps) {
    super(scope, id, { description: `Enchilada: the management VPC of ${settings.environment}`, ...props })
    this.#zones = settings.zones
    const names = tunnelNames(settings.environment)
    const connections = this.#log('Connections', names.connections, settings)
    const flows = FlowLogDestination.toCloudWatchLogs(this.#log('Flows', `${names.connections}/flows`, settings))
    const network = new TunnelNetwork(this, 'Network', settings, flows)

    const server = new Role(this, 'ServerRole', {
      roleName: names.server,
      description: `Enchilada: a tunnel server of ${settings.environment} says who is connected`,
      assumedBy: new ServicePrincipal('ec2.amazonaws.com'),
    })
    server.addToPolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [connections.logGroupArn],
      }),
    )
    const profile = new InstanceProfile(this, 'ServerProfile', { instanceProfileName: names.server, role: server })
    const subnetIds = network.vpc.publicSubnets.map((subnet) => subnet.subnetId)
    const { securityGroupId } = network.securityGroup
    new EngineerRole(this, 'Engineer', {
      settings,
      subnetIds,
      securityGroupId,
      serverRoleArn: server.roleArn,
      serverProfileArn: profile.instanceProfileArn,
    })

    const environment = {
      name: settings.environment,
      tenant: settings.tenant,
      account: settings.account,
      ...('account' in settings.engineers && { role: names.engineer }),
      networks: [
        { region: settings.region, vpc: network.vpc.vpcId, subnets: subnetIds, securityGroup: securityGroupId },
      ],
      engine: settings.engine,
      instanceTypes: settings.instanceTypes,
      instanceProfile: names.server,
      logGroup: names.connections,
      limits: { longest: settings.longest },
      ...(settings.names.length > 0 && { dns: { zones: settings.names } }),
    }
    const text = this.toJsonString(environment)
    const { reaper } = new TunnelReaper(this, 'Reaper', {
      ...{ settings, deployment, environment: text, connections, bundles },
      trail: () => this.#log('Trail', names.trail, settings),
    })
    new TunnelAlarms(this, 'Alarms', { settings, reaper })
    new CfnOutput(this, 'Environment', {
      value: text,
      description: 'A file, or a parameter, for the environments of engineers; JSON is YAML',
    })
  }

  /** Asked of CloudFormation, not of the account at synthesis. */
  override get availabilityZones(): string[] {
    const zones = Fn.getAzs()
    return Array.from({ length: this.#zones }, (_, n) => Fn.select(n, zones))
  }

  #log(id: string, logGroupName: string, { logDays }: ManagementVpcSettings): LogGroup {
    // The settings admit only the numbers that the enumeration has.
    const retention: RetentionDays = logDays
    return new LogGroup(this, id, { logGroupName, retention, removalPolicy: RemovalPolicy.RETAIN })
  }
}
