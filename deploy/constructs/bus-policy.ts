import { CfnEventBusPolicy } from 'aws-cdk-lib/aws-events'
import type { Construct } from 'constructs'

/** One statement an organisation on the default bus: every account of it may send, and nobody else. */
export function admitOrganizations(scope: Construct, busArn: string, organizations: readonly string[]): void {
  for (const organization of organizations) {
    const id = organization.replaceAll('-', '')
    new CfnEventBusPolicy(scope, `Admit${id}`, {
      eventBusName: 'default',
      statementId: `enchilada-${organization}`,
      statement: {
        Effect: 'Allow',
        Principal: '*',
        Action: 'events:PutEvents',
        Resource: busArn,
        Condition: { StringEquals: { 'aws:PrincipalOrgID': organization } },
      },
    })
  }
}
