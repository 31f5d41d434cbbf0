import { App, type AppProps, type StackProps, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import type { ManagementVpcSettings } from './management-vpc-settings.ts'
import { stackNames, tunnelNames } from './names.ts'
import type { DeploySettings } from './settings.ts'
import { DirectoryStack } from './stacks/directory.ts'
import { EvidenceStack } from './stacks/evidence.ts'
import { ManagementVpcStack } from './stacks/management-vpc.ts'
import { PeerStack } from './stacks/peer.ts'
import { SharedServicesStack } from './stacks/shared-services.ts'
import { WorkloadStack } from './stacks/workload.ts'
import { withoutBootstrap } from './without-bootstrap.ts'

/** How this app wants the library to behave, whatever started it. */
const FLAGS = {
  '@aws-cdk/aws-iam:minimizePolicies': true,
  '@aws-cdk/core:checkSecretUsage': true,
  '@aws-cdk/core:target-partitions': ['aws', 'aws-cn', 'aws-us-gov'],
  // Access control lists are off on every bucket of ours, so S3 is let in by policy.
  '@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy': true,
  // Evidence cannot be taken away while the shared services write to it.
  '@aws-cdk/core:defaultCrossStackReferences': 'strong',
}

export const newApp = (props: AppProps = {}): App =>
  new App({ ...props, postCliContext: { ...FLAGS, ...props.postCliContext } })

/** A finding of cdk-nag that nobody acknowledged fails the synthesis. */
export const addChecks = (app: App): void => Validations.of(app).addPlugins(new AwsSolutionsChecks(app))

/** Every stack; deploy/README.md says which goes where. `bundles` holds a folder for each function. */
export function buildStacks(app: App, settings: DeploySettings, bundles: string): void {
  const { sharedAccount, managementAccount, homeRegion, regions, workloads } = settings
  const inShared = { env: { account: sharedAccount, region: homeRegion } }
  // Only functions need the bucket of `cdk bootstrap`.
  const shared = settings.discovery === 'lambda' ? inShared : { ...inShared, synthesizer: withoutBootstrap() }
  const evidence = new EvidenceStack(app, stackNames.evidence, settings, {
    ...inShared,
    synthesizer: withoutBootstrap(),
  })
  new SharedServicesStack(app, stackNames.shared, { ...shared, settings, evidence, bundles })
  new DirectoryStack(app, stackNames.directory, settings, {
    env: { ...(managementAccount && { account: managementAccount }), region: homeRegion },
    synthesizer: withoutBootstrap(),
  })
  // For a stack set, or for one account at a time: wherever the credentials lead.
  new WorkloadStack(app, stackNames.workload, settings, { synthesizer: withoutBootstrap() })
  for (const account of workloads?.accounts ?? []) {
    for (const region of regions) {
      const props = {
        stackName: stackNames.workload,
        env: { account, region },
        synthesizer: withoutBootstrap(account === managementAccount ? undefined : workloads?.role),
      } satisfies StackProps
      new WorkloadStack(app, `${stackNames.workload}-${account}-${region}`, settings, props)
    }
  }
  for (const one of settings.managementVpcs) buildManagementVpc(app, one, settings, bundles)
}

/** An environment of the tunnel, and what its peers in other accounts and regions have to do for it. */
function buildManagementVpc(
  app: App,
  settings: ManagementVpcSettings,
  deployment: DeploySettings,
  bundles: string,
): void {
  const names = tunnelNames(settings.environment)
  const { account, region, peers } = settings
  const place = { env: { account, region }, ...(settings.reaper === 'serve' && { synthesizer: withoutBootstrap() }) }
  new ManagementVpcStack(app, names.stack, { settings, deployment, bundles, ...place })
  const far = peers.filter((peer) => peer.account !== account || (peer.region ?? region) !== region)
  for (const [at, peer] of far.entries()) {
    const accepts = peer.account !== account && far.findIndex((other) => other.account === peer.account) === at
    const env = { account: peer.account, region: peer.region ?? region }
    new PeerStack(app, names.peer(peer.vpcId), { settings, peer, accepts, env, synthesizer: withoutBootstrap() })
  }
}
