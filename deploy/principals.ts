import { roleNames } from './names.ts'
import type { DeploySettings } from './settings.ts'

/** Who of the shared-services account may look, and who may connect: nobody else is trusted by any account. */
export function principalsOf(
  { sharedAccount, discovery }: DeploySettings,
  partition: string,
): { readers: string[]; connectors: string[] } {
  const arn = (name: string) => `arn:${partition}:iam::${sharedAccount}:role/${name}`
  const portal = arn(roleNames.portal)
  return { readers: discovery === 'lambda' ? [portal, arn(roleNames.observer)] : [portal], connectors: [portal] }
}

export const sharedBusArn = ({ sharedAccount, homeRegion }: DeploySettings, partition: string): string =>
  `arn:${partition}:events:${homeRegion}:${sharedAccount}:event-bus/default`
