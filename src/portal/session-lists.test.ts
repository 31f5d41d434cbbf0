import { afterAll, beforeAll, expect, test } from 'vitest'
import { ada, idOf, scope } from '../../test/fixtures/gateway-stage.ts'
import { type PortalStage, setPortalStage } from '../../test/fixtures/portal-stage.ts'
import { startSshd, type TestSshd } from '../../test/fixtures/sshd.ts'
import { formatScope } from '../model/scope.ts'
import type { SessionsTable } from '../store/schema.ts'
import type { RecordingList } from './contract/recordings.ts'
import type { SessionList } from './contract/sessions.ts'

let sshd: TestSshd
let stage: PortalStage
beforeAll(async () => {
  sshd = await startSshd()
  stage = await setPortalStage(sshd)
})
afterAll(async () => {
  await stage.close()
  await sshd.stop()
})

const OVER = 260

/** Sessions that are over, many of them begun in the same millisecond. */
async function addOldSessions(like: SessionsTable): Promise<Set<string>> {
  const rows = Array.from({ length: OVER }, (_, n) => ({
    ...like,
    id: `0198c0de-0000-7000-8000-${String(n).padStart(12, '0')}`,
    scope: formatScope(scope),
    started_at: 1_700_000_000_000 + Math.floor(n / 7),
    ended_at: 1_700_000_900_000,
    end_reason: 'closed-by-person',
    recording: 'sealed',
  }))
  await stage.gateway.store.db.insertInto('sessions').values(rows).execute()
  return new Set(rows.map(({ id }) => id))
}

test('a live session says to each reader what they may do with it', async () => {
  const { channel } = await stage.gateway.open()
  await stage.gateway.access.connectionsChanged()
  const id = idOf(channel)
  const seenBy = async (groups: string[]) => {
    const visitor = await stage.visitor(`of-${groups}`, groups)
    const { items }: SessionList = JSON.parse(await (await visitor.get('/api/v1/sessions?live=true')).text())
    return items.find((one) => one.id === id)?.may
  }
  expect(await seenBy(['auditor'])).toEqual({ watch: true, end: false })
  expect(await seenBy(['operator'])).toEqual({ watch: true, end: true })
  expect(await seenBy(['engineer'])).toBeUndefined()
  // The person of the session sees it whatever the policies say.
  const own = await stage.gateway.store.db
    .updateTable('sessions')
    .set({ person_id: `${stage.provider.issuer} of-engineer` })
  await own.where('id', '=', id).execute()
  expect(await seenBy(['engineer'])).toEqual({ watch: false, end: false })
})

test('recordings and sessions come page by page, each once, newest first', async () => {
  const connection = await stage.gateway.store.db.selectFrom('connections').selectAll().executeTakeFirst()
  const like = await stage.gateway.store.db.selectFrom('sessions').selectAll().executeTakeFirstOrThrow()
  expect(connection?.policy_key).toBe(like.policy_key)
  const old = await addOldSessions({ ...like, person_id: ada.id })
  const auditor = await stage.visitor('pages', ['auditor'])
  for (const list of ['recordings', 'sessions']) {
    const found: { id: string; startedAt: number }[] = []
    let cursor = ''
    let pages = 0
    do {
      const answer = await auditor.get(`/api/v1/${list}?limit=60&live=false${cursor && `&cursor=${cursor}`}`)
      const { items, nextCursor = '' }: RecordingList = JSON.parse(await answer.text())
      found.push(...items)
      cursor = nextCursor
      pages += 1
    } while (cursor !== '')
    expect(pages).toBe(5)
    expect(found.map(({ id }) => id).filter((id) => old.has(id))).toHaveLength(OVER)
    expect(new Set(found.map(({ id }) => id)).size).toBe(found.length)
    expect(found.toSorted((a, b) => b.startedAt - a.startedAt || (a.id < b.id ? 1 : -1))).toEqual(found)
  }
})
