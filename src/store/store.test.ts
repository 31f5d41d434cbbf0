import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../../test/fixtures/postgres.ts'
import { silentLog } from '../kernel/log.ts'
import { Secret } from '../kernel/secret.ts'
import { openPostgres } from './postgres.ts'
import { openSqlite } from './sqlite.ts'
import type { Notices, Store } from './store.ts'

const folder = mkdtempSync(join(tmpdir(), 'enchilada-store-'))
let postgres: TestPostgres
const opened: Store[] = []
const keep = (store: Store) => {
  opened.push(store)
  return store
}

beforeAll(async () => {
  postgres = await startPostgres()
})
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
})
afterAll(async () => {
  await postgres.stop()
  rmSync(folder, { recursive: true, force: true })
})

const engines = {
  sqlite: () => openSqlite(':memory:'),
  postgres: () => openPostgres(new Secret(postgres.url), silentLog),
}

describe.each(Object.entries(engines))('a store on %s', (_engine, open) => {
  const ticket = { hash: 'h', web_session_hash: 'w', purpose: 'open' as const, subject: 'c', expires_at: 5e12 }

  test('keeps numbers beyond 32 bits as numbers', async () => {
    const { db } = keep(await open())
    await db.deleteFrom('tickets').execute()
    await db.insertInto('tickets').values(ticket).execute()
    expect(await db.selectFrom('tickets').selectAll().executeTakeFirst()).toEqual(ticket)
  })

  test('a lock lets one in at a time', async () => {
    const store = keep(await open())
    const other = store.engine === 'postgres' ? keep(await open()) : store
    let inside = 0
    let most = 0
    const work = async () => {
      inside += 1
      most = Math.max(most, inside)
      await new Promise((resolve) => setImmediate(resolve))
      inside -= 1
    }
    await Promise.all([...Array(8).keys()].map((n) => (n % 2 ? store : other).withLock('one', work)))
    expect(most).toBe(1)
  })

  test('what fails under a lock leaves nothing behind', async () => {
    const store = keep(await open())
    await store.db.deleteFrom('tickets').execute()
    const failing = store.withLock('one', async (trx) => {
      await trx.insertInto('tickets').values(ticket).execute()
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await store.db.selectFrom('tickets').selectAll().execute()).toEqual([])
  })

  test('tells who listens', async () => {
    const store = keep(await open())
    const heard = new Promise<Notices['instance-gone']>((resolve) => store.notify.subscribe('instance-gone', resolve))
    await store.notify.publish('instance-gone', { scope: 's', instanceId: 'i-1' })
    expect(await heard).toEqual({ scope: 's', instanceId: 'i-1' })
  })

  test('answers a ping', async () => {
    await expect(keep(await open()).ping()).resolves.toBeUndefined()
  })
})

describe('a database somebody else has', () => {
  test('SQLite: a second process is refused with a code', async () => {
    const path = join(folder, 'one.db')
    keep(await openSqlite(path))
    const second = spawnSync(process.execPath, [
      '--input-type=module',
      '-e',
      `const { openSqlite } = await import(${JSON.stringify(join(import.meta.dirname, 'sqlite.ts'))});
       await openSqlite(process.argv[1]).catch((e) => { console.log(e.code); process.exit(3) })`,
      path,
    ])
    expect([second.status, second.stdout.toString().trim()]).toEqual([3, 'STORE_IN_USE'])
  })

  test('PostgreSQL: two migrate at once', async () => {
    const stores = await Promise.all([engines.postgres(), engines.postgres()])
    stores.forEach(keep)
    expect(stores).toHaveLength(2)
  })

  test('a database that is not there is a coded error', async () => {
    const gone = openPostgres(new Secret('postgres://enchilada@127.0.0.1:1/none'), silentLog)
    await expect(gone).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true })
  })

  test('a database of a newer version is refused', async () => {
    const path = join(folder, 'newer.db')
    const store = await openSqlite(path)
    await sql`insert into kysely_migration values ('9999-later', '2030-01-01')`.execute(store.db)
    await store.close()
    await expect(openSqlite(path)).rejects.toMatchObject({ code: 'STORE_NEWER' })
  })
})

test('who holds a lock and falls silent loses it, and lives', async () => {
  const silent = keep(await openPostgres(new Secret(postgres.url), silentLog, { silentMs: 200 }))
  const store = keep(await engines.postgres())
  let wake = () => {}
  const asleep = new Promise<void>((resolve) => {
    wake = resolve
  })
  let enter = () => {}
  const inside = new Promise<void>((resolve) => {
    enter = resolve
  })
  const work = silent.withLock('one', async (trx) => {
    enter()
    await asleep
    await trx.deleteFrom('tickets').execute()
  })
  const lost = expect(work).rejects.toThrow()
  await inside
  expect(await store.withLock('one', async () => 'taken')).toBe('taken')
  wake()
  await lost
  await expect(silent.ping()).resolves.toBeUndefined()
})

test('notices come again after PostgreSQL ended the connection that listens', async () => {
  const store = keep(await engines.postgres())
  const heard: string[] = []
  store.notify.subscribe('scope', ({ scope }) => heard.push(scope))
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %'`.execute(store.db)
  await expect
    .poll(
      async () => {
        await store.notify.publish('scope', { scope: 'here again' })
        return heard
      },
      { timeout: 10_000, interval: 200 },
    )
    .toContain('here again')
})
