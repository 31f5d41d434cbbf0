import { Duration } from 'aws-cdk-lib'
import { ArnPrincipal, CompositePrincipal, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam'
import type { Construct } from 'constructs'

export type TrustedRole = {
  roleName: string
  description: string
  /** Exactly these principals, by ARN. They must exist: IAM looks them up. */
  trusted: readonly string[]
  /** Asked for when the principals belong to another organisation. */
  externalId?: string | undefined
}

/** A role for principals of another account. Each names the person it comes for, so that this account's own CloudTrail does. */
export function trustedRole(scope: Construct, id: string, { trusted, externalId, ...named }: TrustedRole): Role {
  const conditions = externalId === undefined ? {} : { StringEquals: { 'sts:ExternalId': externalId } }
  const principals = trusted.map((arn) => new ArnPrincipal(arn))
  const role = new Role(scope, id, {
    ...named,
    maxSessionDuration: Duration.hours(1),
    assumedBy: new CompositePrincipal(...principals.map((principal) => principal.withConditions(conditions))),
  })
  role.assumeRolePolicy?.addStatements(new PolicyStatement({ principals, actions: ['sts:SetSourceIdentity'] }))
  return role
}
