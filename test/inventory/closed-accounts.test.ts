import { CloseAccountCommand, OrganizationsClient } from '@aws-sdk/client-organizations'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeOrganisation, type Organisation } from '../../lab/aws/organisation.ts'
import { createAws } from '../../src/aws/aws.ts'
import { awsSettings } from '../../src/aws/settings.ts'
import { besidesClosed } from '../../src/inventory/closed-accounts.ts'
import { createDirectory, type Directory } from '../../src/inventory/directory.ts'
import { systemClock as clock } from '../../src/kernel/clock.ts'
import { silentLog as log } from '../../src/kernel/log.ts'
import type { Scope } from '../../src/model/scope.ts'
import { type LabAws, startLabAws } from '../fixtures/lab-aws.ts'

let lab: LabAws
let organisation: Organisation
let directory: Directory
beforeAll(async () => {
  lab = await startLabAws()
  organisation = await makeOrganisation(lab.endpoint)
  const settings = awsSettings.parse({ homeRegion: 'eu-west-1', regions: ['eu-west-1', 'us-east-1'] })
  directory = createDirectory({ aws: createAws({ settings, clock }), tenant: 'acme', clock, log })
  const { credentials } = organisation.accounts.management
  const organizations = new OrganizationsClient({ endpoint: lab.endpoint, region: 'us-east-1', credentials })
  await organizations.send(new CloseAccountCommand({ AccountId: organisation.accounts['workload-3'].id }))
  await directory.refresh()
})
afterAll(() => lab.stop())

const scopeOf = (account: string): Scope => ({ tenant: 'acme', partition: 'aws', account, region: 'us-east-1' })

test('a sweep visits the scopes of a closed account, so that their state is told', async () => {
  const { id } = organisation.accounts['workload-3']
  expect(directory.account(id)).toMatchObject({ closed: true, name: 'workload-3' })
  expect(await directory.scopes()).toContainEqual(scopeOf(id))
})

test('AWS is asked about open accounts alone', async () => {
  const asked: string[] = []
  const unlike = { kind: 'listing', begunAt: 1, page: 1, pages: 1, complete: true, instances: [], attempt: 0 } as const
  const look = async (scope: Scope) => {
    asked.push(scope.account)
    return { ...unlike, instances: [], scope, asked: [] }
  }
  const looking = besidesClosed({ observeIds: look, observeListing: look }, directory, clock)
  const [open, closed] = [organisation.accounts['workload-1'].id, organisation.accounts['workload-3'].id].map(scopeOf)
  if (!open || !closed) throw new Error('there are two accounts')
  expect(await looking.observeListing(open)).toMatchObject({ complete: true })
  expect(await looking.observeListing(closed)).toMatchObject({ complete: false, reason: 'closed', kind: 'listing' })
  const ids = ['i-0123456789abcdef0']
  expect(await looking.observeIds(closed, ids)).toMatchObject({ complete: false, reason: 'closed', asked: ids })
  expect(asked).toEqual([open.account])
})
