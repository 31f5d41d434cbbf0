import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'

/** The baseline: one stock client after the other, every page, nothing kept. Returns seconds and instances seen. */
export async function listInTurn(
  endpoint: string,
  scopes: readonly { account: string; region: string }[],
): Promise<{ seconds: number; instances: number }> {
  const home = {
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'AKIA0000000000000000', secretAccessKey: 'stand-in' },
  }
  const sts = new STSClient(home)
  const keys = new Map<string, typeof home.credentials>()
  const begun = performance.now()
  let instances = 0
  for (const { account, region } of scopes) {
    if (!keys.has(account)) {
      const { Credentials } = await sts.send(
        new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${account}:role/EnchiladaRead`, RoleSessionName: 'lister' }),
      )
      keys.set(account, {
        accessKeyId: Credentials?.AccessKeyId ?? '',
        secretAccessKey: Credentials?.SecretAccessKey ?? '',
      })
    }
    const ec2 = new EC2Client({ endpoint, region, credentials: keys.get(account) ?? home.credentials })
    let token: string | undefined
    do {
      const answer = await ec2.send(
        new DescribeInstancesCommand({ MaxResults: 1000, ...(token ? { NextToken: token } : {}) }),
      )
      instances += (answer.Reservations ?? []).flatMap((one) => one.Instances ?? []).length
      token = answer.NextToken
    } while (token)
    ec2.destroy()
  }
  sts.destroy()
  return { seconds: (performance.now() - begun) / 1000, instances }
}
