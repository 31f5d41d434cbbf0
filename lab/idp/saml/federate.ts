import { callQuery, type RawTarget } from '../../aws/raw-call.ts'

/** Makes the provider known to IAM of an account, and roles that whom it vouches for may take. Gives the provider's ARN. */
export async function federate(
  target: RawTarget,
  account: string,
  metadata: string,
  roles: readonly { name: string; statements: readonly unknown[]; condition?: unknown; actions?: string[] }[],
): Promise<string> {
  const iam = (params: Record<string, string>) => callQuery(target, 'iam', { Version: '2010-05-08', ...params })
  const providerArn = `arn:aws:iam::${account}:saml-provider/Lab`
  await iam({ Action: 'CreateSAMLProvider', Name: 'Lab', SAMLMetadataDocument: metadata })
  for (const { name, statements, condition, actions } of roles) {
    await iam({
      Action: 'CreateRole',
      RoleName: name,
      MaxSessionDuration: '14400',
      AssumeRolePolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Federated: providerArn },
            Action: actions ?? ['sts:AssumeRoleWithSAML', 'sts:SetSourceIdentity', 'sts:TagSession'],
            Condition: condition ?? { StringEquals: { 'saml:aud': 'https://signin.aws.amazon.com/saml' } },
          },
        ],
      }),
    })
    await iam({
      Action: 'PutRolePolicy',
      RoleName: name,
      PolicyName: 'enchilada',
      PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
    })
  }
  return providerArn
}
