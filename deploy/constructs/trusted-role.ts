import { Aws, type CfnCondition, Fn } from 'aws-cdk-lib'
import { CfnRole } from 'aws-cdk-lib/aws-iam'
import type { Construct } from 'constructs'
import { type Visitor, visitorArn } from '../principals.ts'
import type { DeploySettings } from '../settings.ts'

export type Statement = {
  Effect: 'Allow'
  Action: readonly string[]
  Resource: readonly string[]
  Condition?: Record<string, Record<string, string>>
}

export const allow = (Action: readonly string[], ...Resource: readonly string[]): Statement => ({
  Effect: 'Allow',
  Action,
  Resource,
})

/** What the shared account must say to be let in by a customer outside the organisation; asked for when it is given. */
export type ExternalId = { given: CfnCondition; value: string }

export type TrustedRole = {
  settings: DeploySettings
  roleName: string
  description: string
  visitors: readonly Visitor[]
  externalId?: ExternalId
  statements: readonly Statement[]
}

/**
 * A role for exactly these roles of the shared account, and only in somebody's name: without a source identity this account's
 * CloudTrail could not say who it was. The account under a condition instead of the roles themselves: IAM takes no principal that
 * does not exist yet, and forgets one that was deleted and made again (docs/decisions/0021-trust-by-condition.md).
 */
export function trustedRole(scope: Construct, id: string, role: TrustedRole): CfnRole {
  const { settings, roleName, description, visitors, externalId, statements } = role
  const trust = (action: string, more: Record<string, unknown>) => ({
    Effect: 'Allow',
    Principal: { AWS: `arn:${Aws.PARTITION}:iam::${settings.sharedAccount}:root` },
    Action: action,
    Condition: { ArnEquals: { 'aws:PrincipalArn': visitors.map((one) => visitorArn(settings, one)) }, ...more },
  })
  const named = { StringLike: { 'sts:SourceIdentity': '*' } }
  const plain = trust('sts:AssumeRole', named)
  const asked = (value: string) => trust('sts:AssumeRole', { ...named, StringEquals: { 'sts:ExternalId': value } })
  const assume = externalId ? Fn.conditionIf(externalId.given.logicalId, asked(externalId.value), plain) : plain
  return new CfnRole(scope, id, {
    roleName,
    description,
    assumeRolePolicyDocument: { Version: '2012-10-17', Statement: [assume, trust('sts:SetSourceIdentity', {})] },
    policies: [{ policyName: 'enchilada', policyDocument: { Version: '2012-10-17', Statement: statements } }],
  })
}
