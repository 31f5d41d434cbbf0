import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Account } from '@aws-sdk/client-organizations'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFakeClock } from '../../test/fixtures/fake-clock.ts'
import { createAws } from '../aws/aws.ts'
import { awsSettings } from '../aws/settings.ts'
import { silentLog as log } from '../kernel/log.ts'
import { createDirectory } from './directory.ts'

const id = '111122223333'
let listed: Account
const organizations = createServer((_request, response) => {
  response.setHeader('content-type', 'application/x-amz-json-1.1')
  response.end(JSON.stringify({ Accounts: [{ Id: id, ...listed }] }))
})
beforeAll(async () => {
  await once(organizations.listen(0, '127.0.0.1'), 'listening')
  const address = organizations.address()
  const port = typeof address === 'object' ? address?.port : 0
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_ACCESS_KEY_ID: 'AKIAORGANIZATION0000',
    AWS_SECRET_ACCESS_KEY: 'none',
  })
})
afterAll(() => {
  organizations.closeAllConnections()
  organizations.close()
})

const directoryOf = (account: Account) => {
  listed = account
  const clock = createFakeClock()
  const settings = awsSettings.parse({ homeRegion: 'eu-west-1', regions: ['eu-west-1'] })
  return createDirectory({ aws: createAws({ settings, clock }), tenant: 'acme', clock, log })
}

test.each<[boolean, Account]>([
  [false, { State: 'ACTIVE', Status: 'ACTIVE' }],
  [false, { State: 'ACTIVE' }],
  [false, { Status: 'ACTIVE' }],
  [false, {}],
  [false, { State: 'PENDING_ACTIVATION', Status: 'ACTIVE' }],
  [false, { State: 'PENDING_ACTIVATION' }],
  [true, { State: 'SUSPENDED' }],
  [true, { State: 'PENDING_CLOSURE' }],
  [true, { State: 'CLOSED' }],
  [true, { State: 'CLOSED', Status: 'SUSPENDED' }],
  [true, { Status: 'SUSPENDED' }],
  [true, { Status: 'PENDING_CLOSURE' }],
])('closed is %s of an account that AWS lists with %o', async (closed, account) => {
  const directory = directoryOf(account)
  await directory.refresh()
  expect(directory.account(id)?.closed).toBe(closed)
})
