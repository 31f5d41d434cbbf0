import { expect, test } from 'vitest'
import type { Directory } from '../inventory/directory.ts'
import { silentLog } from '../kernel/log.ts'
import type { Observation, Report } from '../model/observation.ts'
import type { Scope } from '../model/scope.ts'
import { noCounts } from './counts.ts'
import { createHintFollower } from './follow-hints.ts'
import { reportMessages } from './report-messages.ts'
import { settleMessages } from './settle-messages.ts'

const SLOW = '444455556666'
const scopeOf = (account: string): Scope => ({ tenant: 'acme', partition: 'aws', account, region: 'eu-west-1' })
const observation = (account: string): Observation => ({
  scope: scopeOf(account),
  kind: 'listing',
  begunAt: 1,
  page: 1,
  pages: 1,
  complete: true,
  asked: [],
  instances: [],
  attempt: 0,
})
const messages = ['111122223333', SLOW, '777788889999'].map((account) => ({ id: account, account }))

/** Answers as it does at AWS: never, until it is told to stop; then it knows nothing. */
const look = (account: string, signal: AbortSignal | undefined): Promise<Observation> =>
  account === SLOW
    ? new Promise((resolve) => {
        const end = () => resolve({ ...observation(account), complete: false, reason: 'failed' })
        signal?.addEventListener('abort', end)
      })
    : Promise.resolve(observation(account))

test('at the deadline a slow account alone comes again, and what was cut short is not told as a failure', async () => {
  const reports: Report[] = []
  const deadline = new AbortController()
  const directory: Directory = {
    refresh: async () => undefined,
    listing: () => undefined,
    regionListing: () => undefined,
    refreshedAt: () => 0,
    account: () => undefined,
    scopes: async () => [],
    scopeOf,
  }
  const follow = createHintFollower({
    directory,
    observer: {
      observeIds: ({ account }, _ids, signal) => look(account, signal),
      observeListing: ({ account }, _sweep, signal) => look(account, signal),
    },
    async report(report) {
      reports.push(report)
      if (reports.length === 2) setImmediate(() => deadline.abort())
    },
    counts: noCounts(),
    clock: { now: () => 1, sleep: async () => undefined },
    log: silentLog,
  })
  const hints = messages.map(({ id, account }) => ({
    id,
    body: JSON.stringify({ scope: scopeOf(account), ids: 'all' }),
  }))
  expect(await follow(hints, deadline.signal)).toEqual([SLOW])
  await new Promise((resolve) => setImmediate(resolve))
  expect(reports).toHaveLength(2)
})

test('at the deadline a report that is being written comes again, and those behind it are not begun', async () => {
  const deadline = new AbortController()
  const begun: string[] = []
  const settle = async (report: Report) => {
    const account = 'observation' in report ? report.observation.scope.account : ''
    begun.push(account)
    if (begun.length === 4) setImmediate(() => deadline.abort())
    if (account === SLOW) await new Promise(() => undefined)
    return undefined
  }
  const bodies = ['111122223333', SLOW, SLOW, SLOW, SLOW, SLOW].flatMap((account, at) =>
    reportMessages({ observation: observation(account) }).map((body) => ({ id: `m${at}`, body })),
  )
  const again = await settleMessages(bodies, { settle, log: silentLog, signal: deadline.signal })
  expect(again.sort()).toEqual(['m1', 'm2', 'm3', 'm4', 'm5'])
  expect(begun).toHaveLength(5)
})
