import { type App, BootstraplessSynthesizer, type IStackSynthesizer, type StackProps, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import type { DeploySettings } from './settings.ts'
import { DirectoryStack } from './stacks/directory.ts'
import { SharedServicesStack } from './stacks/shared-services.ts'
import { WorkloadRegionStack, WorkloadStack } from './stacks/workload.ts'

/**
 * Every stack, of no account in particular: the credentials at hand decide. deploy/README.md says which goes where.
 * Only functions need the bucket of `cdk bootstrap`; a thousand accounts that carry roles and rules do not.
 */
export function buildStacks(app: App, settings: DeploySettings) {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  const { homeRegion, regions } = settings
  // aws-cdk-lib is not compiled with exactOptionalPropertyTypes: its class and its interface differ by an `undefined`.
  const withoutBucket = () => new BootstraplessSynthesizer() as IStackSynthesizer
  const at = (region: string): StackProps => ({ env: { region }, synthesizer: withoutBucket() })
  const home = settings.discovery === 'lambda' ? { env: { region: homeRegion } } : at(homeRegion)
  return {
    shared: new SharedServicesStack(app, 'EnchiladaShared', settings, home),
    directory: new DirectoryStack(app, 'EnchiladaDirectory', settings, at(homeRegion)),
    workload: new WorkloadStack(app, 'EnchiladaWorkload', settings, at(homeRegion)),
    regions: regions
      .filter((region) => region !== homeRegion)
      .map((region) => new WorkloadRegionStack(app, `EnchiladaWorkload-${region}`, settings, at(region))),
  }
}
