import { GetParametersByPathCommand, SSMClient } from '@aws-sdk/client-ssm'
import { fromNodeProviderChain } from '@aws-sdk/credential-providers'
import { RETRIES } from './patience.ts'

export type Parameter = { name: string; value: string }

/** Every parameter below a path of Parameter Store. Throws the SDK's error as it is. */
export async function readParametersBelow(
  path: string,
  { profile, region }: { profile: string | undefined; region: string | undefined },
): Promise<Parameter[]> {
  const ssm = new SSMClient({
    credentials: fromNodeProviderChain(profile === undefined ? {} : { profile }),
    ...(region !== undefined && { region }),
    ...(profile !== undefined && { profile }),
    ...RETRIES,
  })
  const found: Parameter[] = []
  try {
    let NextToken: string | undefined
    do {
      // Ten a page is the most that Parameter Store gives.
      const page = await ssm.send(
        new GetParametersByPathCommand({
          Path: path,
          Recursive: true,
          WithDecryption: true,
          MaxResults: 10,
          ...(NextToken && { NextToken }),
        }),
      )
      for (const { Name = '', Value = '' } of page.Parameters ?? []) found.push({ name: Name, value: Value })
      NextToken = page.NextToken
    } while (NextToken)
    return found
  } finally {
    ssm.destroy()
  }
}
