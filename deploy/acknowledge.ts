import { Validations } from 'aws-cdk-lib'
import type { IConstruct } from 'constructs'

/** A rule of cdk-nag that does not fit here, for these findings alone, with the reason that an auditor reads. */
export function acknowledge(construct: IConstruct, reason: string, ...ids: readonly string[]): void {
  for (const id of ids) Validations.of(construct).acknowledge({ id: `AwsSolutions-${id}`, reason })
}
