import { Stack, type StackProps } from 'aws-cdk-lib'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { Construct } from 'constructs'
import { acknowledge } from '../acknowledge.ts'
import { trustedRole } from '../constructs/trusted-role.ts'
import { roleNames } from '../names.ts'
import { principalsOf } from '../principals.ts'
import type { DeploySettings } from '../settings.ts'

/** In the management account: who may ask which accounts there are. ListAccounts knows no resources. */
export class DirectoryStack extends Stack {
  constructor(scope: Construct, id: string, settings: DeploySettings, props: StackProps = {}) {
    super(scope, id, { description: 'Enchilada: the list of accounts', ...props })
    const role = trustedRole(this, 'Role', {
      roleName: roleNames.directory,
      description: 'Enchilada asks which accounts there are',
      trusted: principalsOf(settings, this.partition).readers,
    })
    role.addToPolicy(new PolicyStatement({ actions: ['organizations:ListAccounts'], resources: ['*'] }))
    acknowledge(role, 'Listing accounts knows no resources', 'IAM5[Resource::*]')
  }
}
