import { Aws } from 'aws-cdk-lib'
import { roleNames } from './names.ts'
import type { DeploySettings } from './settings.ts'

/** Roles of the shared-services account. */
export type Visitor = 'portal' | 'observer'

/** Who looks: `serve` itself, or the observer function beside it. */
export const readersOf = ({ discovery }: DeploySettings): Visitor[] =>
  discovery === 'lambda' ? ['portal', 'observer'] : ['portal']

export const visitorArn = ({ sharedAccount }: DeploySettings, visitor: Visitor): string =>
  `arn:${Aws.PARTITION}:iam::${sharedAccount}:role/${roleNames[visitor]}`

export const sharedBusArn = ({ sharedAccount, homeRegion }: DeploySettings): string =>
  `arn:${Aws.PARTITION}:events:${homeRegion}:${sharedAccount}:event-bus/default`
