import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { acknowledge } from '../acknowledge.ts'
import { allow, trustedRole } from '../constructs/trusted-role.ts'
import { roleNames } from '../names.ts'
import { readersOf } from '../principals.ts'
import type { DeploySettings } from '../settings.ts'

/** In the management account, or one that administers Organizations for it: who may ask which accounts there are. */
export class DirectoryStack extends Stack {
  constructor(scope: Construct, id: string, settings: DeploySettings, props: StackProps = {}) {
    super(scope, id, { description: 'Enchilada: the list of accounts', ...props })
    const role = trustedRole(this, 'Role', {
      settings,
      roleName: roleNames.directory,
      description: 'Enchilada asks which accounts there are',
      visitors: readersOf(settings),
      statements: [allow(['organizations:ListAccounts'], '*')],
    })
    acknowledge(role, 'Listing accounts knows no resources', 'IAM5[Resource::*]')
    new CfnOutput(this, 'DirectoryRoleArn', {
      value: role.attrArn,
      description: 'aws.organizationRole in enchilada.yaml',
    })
  }
}
