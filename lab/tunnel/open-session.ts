import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import type { LabAccount } from '../aws/organisation.ts'
import { callQuery } from '../aws/raw-call.ts'

const REGION = 'eu-west-1'

/** Variables of a session in that account whose role may do nothing but become somebody else. */
export async function openSession(
  endpoint: string,
  { id, credentials }: LabAccount,
  { role, name }: { role: string; name: string },
): Promise<Record<string, string>> {
  const target = { endpoint, region: REGION, credentials }
  const document = (statement: Record<string, unknown>) =>
    JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] })
  const iam = (Action: string, params: Record<string, string>) =>
    callQuery(target, 'iam', { Action, Version: '2010-05-08', RoleName: role, ...params })
  const Principal = { AWS: `arn:aws:iam::${id}:root` }
  await iam('CreateRole', { AssumeRolePolicyDocument: document({ Principal, Action: 'sts:AssumeRole' }) }).catch(
    (error: Error) => {
      if (!error.message.includes('EntityAlreadyExists')) throw error
    },
  )
  const PolicyDocument = document({ Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'], Resource: '*' })
  await iam('PutRolePolicy', { PolicyName: 'may', PolicyDocument })
  const RoleArn = `arn:aws:iam::${id}:role/${role}`
  const { Credentials } = await new STSClient(target).send(new AssumeRoleCommand({ RoleArn, RoleSessionName: name }))
  return {
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: Credentials?.AccessKeyId ?? '',
    AWS_SECRET_ACCESS_KEY: Credentials?.SecretAccessKey ?? '',
    AWS_SESSION_TOKEN: Credentials?.SessionToken ?? '',
  }
}
