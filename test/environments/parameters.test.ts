import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Aws, startAws } from '../../lab/aws/start.ts'
import { readParametersBelow } from '../../src/aws/parameters.ts'

let aws: Aws
beforeAll(async () => {
  aws = await startAws()
  vi.stubEnv('AWS_ENDPOINT_URL', aws.endpoint)
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIALABMANAGEMENT000')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'lab')
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await aws.stop()
})

test('every page below a path, and nothing beside it', async () => {
  const ssm = new SSMClient({ endpoint: aws.endpoint, region: 'eu-west-1' })
  for (let at = 0; at < 25; at += 1) {
    await ssm.send(
      new PutParameterCommand({ Name: `/enchilada/environments/e${at}`, Value: `name: e${at}`, Type: 'String' }),
    )
  }
  await ssm.send(new PutParameterCommand({ Name: '/enchilada/other', Value: 'x', Type: 'String' }))
  const found = await readParametersBelow('/enchilada/environments', { profile: undefined, region: 'eu-west-1' })
  expect(found.map(({ value }) => value).sort()).toEqual(Array.from({ length: 25 }, (_, at) => `name: e${at}`).sort())
  const calls = (await aws.lab.stats()).calls.find(({ action }) => action === 'GetParametersByPath')
  expect(calls?.calls).toBe(3)
})
