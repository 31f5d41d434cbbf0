import { DatabaseSync } from 'node:sqlite'
import type { Visitor } from '../product/visitor.ts'
import { quantile, type Row, row } from '../report.ts'

type Search = { words: string; region?: string }

/** What people type: nothing, a name, the beginning of an id, two tags, a region and a team; and what is not there. */
const searches: readonly Search[] = [
  { words: '' },
  { words: 'web-4' },
  { words: 'team-7 production' },
  { words: 'i-000000000000012' },
  { words: 'team-3', region: 'us-east-1' },
  { words: '10.0.12.' },
  { words: 'cost-centre=4011 batch' },
  { words: 'nothing-like-this' },
]
const LIMIT = 100

export async function benchSearch(visitor: Visitor, database: string, rounds: number): Promise<Row[]> {
  const overHttp: number[] = []
  const bySql: number[] = []
  const file = new DatabaseSync(database, { readOnly: true })
  let shown = 0
  try {
    for (let round = 0; round < rounds + 1; round += 1) {
      for (const search of searches) {
        const http = await timed(async () => {
          const answer = await visitor.get(`/api/v1/connections?${queryOf(search)}`)
          const { total } = (await answer.json()) as { total: number }
          if (!answer.ok) throw new Error(`search answered ${answer.status}`)
          if (search.words === '') shown = total
        })
        const sql = await timed(async () => readWithoutPolicy(file, search))
        // The first round warms both.
        if (round > 0) {
          overHttp.push(http)
          bySql.push(sql)
        }
      }
    }
  } finally {
    file.close()
  }
  const all = countOf(database)
  const p95 = quantile(overHttp, 0.95)
  return [
    row({
      name: `instance search over ${all} (${shown} visible), HTTP with policy, p95`,
      unit: 'ms',
      value: p95,
      peer: { name: 'the same SQL without policy, in process', value: quantile(bySql, 0.95) },
      goal: { text: '≤ 100 ms', met: p95 <= 100 },
    }),
    row({
      name: 'the same, p50',
      unit: 'ms',
      value: quantile(overHttp, 0.5),
      peer: { name: 'the same SQL without policy, in process', value: quantile(bySql, 0.5) },
    }),
  ]
}

const queryOf = ({ words, region }: Search) =>
  new URLSearchParams({ limit: String(LIMIT), ...(words ? { q: words } : {}), ...(region ? { region } : {}) })

/** The two statements of a page of the list, but for the join with what the person may see. */
function readWithoutPolicy(file: DatabaseSync, { words, region }: Search): unknown[] {
  const terms = words.split(' ').filter(Boolean)
  const where = [
    ...terms.map(() => "connections.search like ? escape '\\'"),
    ...(region ? ['connections.region in (?)'] : []),
    'true',
  ].join(' and ')
  const values = [...terms.map((term) => `%${term}%`), ...(region ? [region] : [])]
  const from = `from connections left join scopes on scopes.scope = connections.scope where ${where}`
  const rows = file
    .prepare(`select connections.*, scopes.account_name ${from} order by connections.name, connections.id limit ?`)
    .all(...values, LIMIT + 1)
  const total = file.prepare(`select count(*) as total from connections where ${where}`).get(...values)
  return [rows.map((one) => JSON.parse(String(one['instance']))), total]
}

function countOf(database: string): number {
  const file = new DatabaseSync(database, { readOnly: true })
  try {
    return Number(file.prepare('select count(*) as n from connections').get()?.['n'])
  } finally {
    file.close()
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}
