import { beforeEach, expect, test } from 'vitest'
import { silentLog } from '../kernel/log.ts'
import type { Hint } from '../model/hint.ts'
import type { Observation } from '../model/observation.ts'
import type { Scope } from '../model/scope.ts'
import type { Applied } from './apply-observation.ts'
import { noCounts } from './counts.ts'
import { reportMessages } from './report-messages.ts'
import { settleMessages } from './settle-messages.ts'
import { createSettler } from './settle-report.ts'

const scope: Scope = { tenant: 'acme', partition: 'aws', account: '111122223333', region: 'eu-west-1' }
const id = 'i-0123456789abcdef0'
const nothing: Applied = { outcome: 'applied', put: 0, removed: 0, unknown: [], heldBack: 0 }
const observation = (attempt: number): Observation => ({
  scope,
  kind: 'ids',
  begunAt: 1,
  page: 1,
  pages: 1,
  complete: true,
  asked: [id],
  instances: [],
  attempt,
})

let applied: Observation[]
let hints: { hint: Hint; delayMs: number }[]
let unknown: string[]
let malformed: string[]
let listed: string[]
beforeEach(() => {
  applied = []
  hints = []
  unknown = []
  malformed = []
  listed = []
})
const counts = noCounts()
const settle = createSettler({
  applier: {
    async apply(part) {
      if (part.begunAt < 0) throw new Error('the database is away')
      applied.push(part)
      return { ...nothing, unknown }
    },
    noteMalformed: async (message) => void malformed.push(message.id),
  },
  departures: {
    async settleAccounts({ ids }) {
      listed.push(...ids)
      return 2
    },
    async settleRegions({ sets }) {
      listed.push(...sets.flatMap(({ regions }) => regions))
      return 3
    },
  },
  later: async (hint, delayMs) => void hints.push({ hint, delayMs }),
  counts,
})
const send = (...bodies: string[]) =>
  settleMessages(
    bodies.map((body, at) => ({ id: `m${at}`, body })),
    { settle, log: silentLog },
  )

test('what the observer sends the writer reads', async () => {
  expect(await send(...reportMessages({ observation: observation(0) }))).toEqual([])
  expect(await send(...reportMessages({ malformed: { id: 'x', reason: 'no JSON' } }))).toEqual([])
  expect(applied).toEqual([observation(0)])
  expect(malformed).toEqual(['x'])
})

test('what cannot be read or written comes again, and holds up nothing', async () => {
  const [good = ''] = reportMessages({ observation: observation(0) })
  const [away = ''] = reportMessages({ observation: { ...observation(0), begunAt: -1 } })
  expect(await send('{', '{"observation":1}', good, away)).toEqual(['m0', 'm1', 'm3'])
  expect(applied).toHaveLength(1)
})

test('an id that AWS does not know yet is asked for later and later, and then no more', async () => {
  unknown = [id]
  for (let attempt = 0; attempt < 9; attempt += 1) {
    await send(...reportMessages({ observation: observation(attempt) }))
  }
  expect(hints.map((one) => one.delayMs / 1000)).toEqual([1, 2, 4, 8, 16, 32, 60])
  expect(hints.at(-1)?.hint).toEqual({ scope, ids: [id], attempt: 7 })
})

test('lists of accounts and of regions are reports too, and what they hold back is told', async () => {
  const accounts = { listedAt: 1, ids: ['111122223333'], excluded: [] }
  const regions = { listedAt: 1, by: 'aws', sets: [{ regions: ['eu-west-1'], accounts: ['111122223333'] }] } as const
  expect(await send(...reportMessages({ accounts }))).toEqual([])
  expect(await send(JSON.stringify({ regions }))).toEqual([])
  expect(listed).toEqual(['111122223333', 'eu-west-1'])
  expect(counts).toMatchObject({ accountsHeldBack: 2, regionsHeldBack: 3 })
})
