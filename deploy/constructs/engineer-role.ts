import { readFileSync } from 'node:fs'
import { Aws } from 'aws-cdk-lib'
import { CfnRole, CfnSAMLProvider } from 'aws-cdk-lib/aws-iam'
import { Construct } from 'constructs'
import { acknowledge } from '../acknowledge.ts'
import type { ManagementVpcSettings } from '../management-vpc-settings.ts'
import { tunnelNames } from '../names.ts'
import { type EngineerWorld, engineerStatements } from './engineer-statements.ts'

/** Where AWS takes assertions, by partition (IAM User Guide, "Configuring SAML assertions for the authentication response"). */
const SAML_AUDIENCES = [
  'https://signin.aws.amazon.com/saml',
  'https://signin.amazonaws.cn/saml',
  'https://signin.amazonaws-us-gov.com/saml',
]

export type EngineerRoleProps = { settings: ManagementVpcSettings } & EngineerWorld

/**
 * What an engineer is while a tunnel is opened: may run, tag, extend and end servers that carry their own name, in this environment, and nothing
 * else. Whose name is the source identity of the session: nobody comes in without one, and no server starts in another's.
 */
export class EngineerRole extends Construct {
  readonly role: CfnRole

  constructor(scope: Construct, id: string, { settings, ...world }: EngineerRoleProps) {
    super(scope, id)
    const { environment, engineers } = settings
    const named = { StringLike: { 'sts:SourceIdentity': '*' } }
    const statement = (Principal: unknown, Action: string[], Condition: unknown) => ({
      Effect: 'Allow',
      ...{ Principal, Action, Condition },
    })
    const trust =
      'account' in engineers
        ? statement(
            { AWS: `arn:${Aws.PARTITION}:iam::${engineers.account}:root` },
            ['sts:AssumeRole', 'sts:SetSourceIdentity'],
            named,
          )
        : statement(
            { Federated: this.#provider(environment, engineers.samlMetadata).attrArn },
            ['sts:AssumeRoleWithSAML', 'sts:SetSourceIdentity', 'sts:TagSession'],
            { ...named, StringEquals: { 'saml:aud': SAML_AUDIENCES } },
          )
    this.role = new CfnRole(this, 'Role', {
      roleName: tunnelNames(environment).engineer,
      description: `Enchilada: opens tunnels into ${environment}`,
      maxSessionDuration: 43_200,
      assumeRolePolicyDocument: { Version: '2012-10-17', Statement: [trust] },
      policies: [
        {
          policyName: 'enchilada',
          policyDocument: { Version: '2012-10-17', Statement: engineerStatements(settings, world) },
        },
      ],
    })
    this.#explain(settings)
  }

  #provider(environment: string, file: string): CfnSAMLProvider {
    return new CfnSAMLProvider(this, 'SamlProvider', {
      name: `enchilada-${environment}`,
      samlMetadataDocument: readFileSync(file, 'utf8'),
    })
  }

  #explain({ region }: ManagementVpcSettings): void {
    const own = `arn:<AWS::Partition>:ec2:${region}:<AWS::AccountId>`
    const made = ['instance/*', 'volume/*', 'network-interface/*'].map((kind) => `IAM5[Resource::${own}:${kind}]`)
    acknowledge(this.role, 'They have no id before they are made; conditions on their tags say which', ...made)
    acknowledge(this.role, 'Describing instances and route tables knows no resources', 'IAM5[Resource::*]')
    acknowledge(
      this.role,
      'Images and parameters of Amazon alone, and lists of networks to read',
      `IAM5[Resource::arn:<AWS::Partition>:ec2:${region}::image/*]`,
      `IAM5[Resource::arn:<AWS::Partition>:ssm:${region}::parameter/aws/service/ami-amazon-linux-latest/*]`,
      `IAM5[Resource::${own}:prefix-list/*]`,
    )
  }
}
