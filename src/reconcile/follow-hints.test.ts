import { beforeEach, expect, test } from 'vitest'
import type { Directory } from '../inventory/directory.ts'
import { silentLog } from '../kernel/log.ts'
import type { Hint } from '../model/hint.ts'
import type { Observation, Report } from '../model/observation.ts'
import { formatScope, type Scope } from '../model/scope.ts'
import { noCounts } from './counts.ts'
import { createHintFollower } from './follow-hints.ts'

const known = '111122223333'
const late = '444455556666'
const id = (n: number) => `i-${String(n).padStart(17, '0')}`
const scopeOf = (account: string): Scope => ({ tenant: 'acme', partition: 'aws', account, region: 'eu-west-1' })

const stateChange = (account: string, instance: string, region = 'eu-west-1') =>
  JSON.stringify({
    source: 'aws.ec2',
    'detail-type': 'EC2 Instance State-change Notification',
    account,
    region,
    detail: { 'instance-id': instance, state: 'running' },
  })

/** The accounts of an organisation; one joins later. */
function directory(): Directory & { refreshes: number; away: boolean } {
  const accounts = new Set([known])
  const it = {
    refreshes: 0,
    away: false,
    async refresh() {
      if (it.away) throw new Error('Organizations is away')
      it.refreshes += 1
      accounts.add(late)
    },
    listing: () => undefined,
    regionListing: () => undefined,
    refreshedAt: () => (it.refreshes === 0 ? 0 : 1e9),
    account: (account: string) =>
      accounts.has(account) ? { id: account, name: `name of ${account}`, tenant: 'acme', closed: false } : undefined,
    scopes: async () => [...accounts].map(scopeOf),
    scopeOf: (account: string, region: string) =>
      accounts.has(account) && region === 'eu-west-1' ? scopeOf(account) : undefined,
  }
  return it
}

let reports: Report[]
let asked: string[]
let failing: Set<string>
let reason: Observation['reason']
let accounts: ReturnType<typeof directory>
let counts: ReturnType<typeof noCounts>
let follow: ReturnType<typeof createHintFollower>
beforeEach(() => {
  reports = []
  asked = []
  failing = new Set()
  reason = undefined
  accounts = directory()
  counts = noCounts()
  const observe = (scope: Scope, kind: 'ids' | 'listing', ids: readonly string[]): Observation => {
    asked.push(`${scope.account} ${kind === 'listing' ? 'all' : ids.join(' ')}`)
    const bare = { scope, kind, begunAt: 1, page: 1, pages: 1, asked: [...ids], instances: [], attempt: 0 }
    return reason === undefined ? { ...bare, complete: true } : { ...bare, complete: false, reason }
  }
  follow = createHintFollower({
    directory: accounts,
    observer: {
      observeIds: async (scope, ids) => observe(scope, 'ids', ids),
      observeListing: async (scope) => observe(scope, 'listing', []),
    },
    async report(report) {
      if ('observation' in report && failing.has(formatScope(report.observation.scope))) throw new Error('SQS is away')
      reports.push(report)
    },
    counts,
    clock: { now: () => 1e9, sleep: async () => undefined },
    log: silentLog,
  })
})

const hint = (more: Partial<Hint>): string =>
  JSON.stringify({ scope: scopeOf(known), ids: [id(1)], attempt: 0, ...more })

test('many events about few instances are one look', async () => {
  const messages = [1, 2, 1, 2, 2].map((n, at) => ({ id: `m${at}`, body: stateChange(known, id(n)) }))
  expect(await follow(messages)).toEqual([])
  expect(asked).toEqual([`${known} ${id(1)} ${id(2)}`])
  expect(reports).toMatchObject([{ observation: { accountName: `name of ${known}` } }])
})

test('one bad message never blocks the batch: it is told of, and the others go on', async () => {
  failing.add(formatScope(scopeOf(late)))
  await accounts.refresh()
  const again = await follow([
    { id: 'bad', body: '{' },
    { id: 'fails', body: stateChange(late, id(9)) },
    { id: 'works', body: stateChange(known, id(1)) },
  ])
  expect(again).toEqual(['fails'])
  expect(reports).toContainEqual({ malformed: { id: 'bad', reason: expect.any(String) } })
  expect(reports).toHaveLength(2)
})

test('an account that joined since the list was read is asked for, once a minute', async () => {
  expect(await follow([{ id: 'm', body: stateChange(late, id(1)) }])).toEqual([])
  expect(asked).toEqual([`${late} ${id(1)}`])
  await follow([{ id: 'm', body: stateChange('999999999999', id(1)) }])
  expect(accounts.refreshes).toBe(1)
  expect(counts.ignored).toBe(1)
})

test('an event from a region that nobody shall look at is dropped, and the accounts are not asked for again', async () => {
  expect(await follow([{ id: 'm', body: stateChange(known, id(1), 'us-east-1') }])).toEqual([])
  expect(asked).toEqual([])
  expect(accounts.refreshes).toBe(0)
  expect(counts.ignored).toBe(1)
})

test('a hint of ours keeps its attempt, and a whole scope is listed once however often it is asked', async () => {
  await follow([
    { id: 'a', body: hint({ attempt: 3 }) },
    { id: 'b', body: hint({ ids: 'all', sweepId: 's' }) },
    { id: 'c', body: hint({ ids: 'all', sweepId: 's' }) },
  ])
  expect(asked.sort()).toEqual([`${known} all`, `${known} ${id(1)}`].sort())
  expect(reports.map((one) => 'observation' in one && one.observation.attempt).sort()).toEqual([0, 3])
})

test.each([
  ['denied', []],
  ['closed', []],
  ['disabled', []],
  ['throttled', ['m']],
  ['failed', ['m']],
] as const)('an account that is %s: messages to try again are %j', async (why, again) => {
  reason = why
  expect(await follow([{ id: 'm', body: stateChange(known, id(1)) }])).toEqual(again)
  expect(reports).toMatchObject([{ observation: { complete: false, reason: why } }])
})

test('while accounts cannot be listed an event of one that nobody knows is neither looked at nor dropped', async () => {
  accounts.away = true
  const messages = [
    { id: 'late', body: stateChange(late, id(1)) },
    { id: 'known', body: stateChange(known, id(2)) },
  ]
  expect(await follow(messages)).toEqual(['late'])
  expect(counts.ignored).toBe(0)
  accounts.away = false
  expect(await follow(messages)).toEqual([])
  expect(asked).toContain(`${late} ${id(1)}`)
})
