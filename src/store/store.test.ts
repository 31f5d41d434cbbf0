import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sql } from 'kysely'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../../test/fixtures/postgres.ts'
import { startSilentRelay } from '../../test/fixtures/silent-relay.ts'
import { silentLog } from '../kernel/log.ts'
import { Secret } from '../kernel/secret.ts'
import { openForReading, type ReadingStore } from './open-for-reading.ts'
import { openPostgres } from './postgres.ts'
import { postgresNotify } from './postgres-notify.ts'
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

describe.each([
  ['sqlite', () => ({ sqlite: join(folder, 'read.db') })],
  ['postgres', () => ({ postgres: new Secret(`${new URL('/reading', postgres.url)}`) })],
] as const)('%s, opened for reading', (engine, where) => {
  const file = join(folder, 'read.db')
  const open = () =>
    engine === 'sqlite' ? openSqlite(file) : openPostgres(new Secret(`${new URL('/reading', postgres.url)}`), silentLog)
  const read = async <T>(work: (store: ReadingStore) => Promise<T>): Promise<T> => {
    const store = await openForReading(where())
    return work(store).finally(() => store.close())
  }
  beforeAll(async () => {
    if (engine === 'sqlite') return new DatabaseSync(file).close()
    const store = await engines.postgres()
    await sql`create database reading`.execute(store.db)
    await store.close()
  })

  test('is refused while nobody has migrated it, and stays as it is', async () => {
    await expect(read(async () => 0)).rejects.toMatchObject({
      code: 'STORE_OLDER',
      message: expect.stringContaining('0001-first'),
    })
    await expect(read(async () => 0)).rejects.toMatchObject({ code: 'STORE_OLDER' })
  })

  test('is read beside who writes, and cannot be changed', async () => {
    const writer = keep(await open())
    await writer.db.insertInto('policy_keys').values({ policy_key: 'k', facts: '{}' }).execute()
    await read(async ({ db, withLock }) => {
      expect(await db.selectFrom('policy_keys').select('policy_key').execute()).toEqual([{ policy_key: 'k' }])
      expect(await withLock('one', (trx) => trx.selectFrom('policy_keys').selectAll().execute())).toHaveLength(1)
      await expect(db.deleteFrom('policy_keys').execute()).rejects.toThrow(/read-?only/)
    })
  })

  test('of another version it is refused', async () => {
    const writer = keep(await open())
    await sql`insert into kysely_migration values ('9999-later', '2030-01-01')`.execute(writer.db)
    await expect(read(async () => 0)).rejects.toMatchObject({ code: 'STORE_NEWER' })
    await sql`delete from kysely_migration where name like '9999%' or name like '0004%'`.execute(writer.db)
    await expect(read(async () => 0)).rejects.toMatchObject({ code: 'STORE_OLDER' })
  })
})

test.each([
  { sqlite: join(folder, 'nowhere', 'x.db') },
  { postgres: new Secret('postgres://enchilada@127.0.0.1:1/none') },
])('a database that is not there cannot be read: a coded error', async (where) => {
  await expect(openForReading(where)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
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

test('notices come again after PostgreSQL vanished without a word from the connection that listens', async () => {
  const store = keep(await engines.postgres())
  const url = new URL(postgres.url)
  const relay = await startSilentRelay(Number(url.port))
  url.port = String(relay.port)
  const pool = new pg.Pool({ connectionString: postgres.url })
  const notify = await postgresNotify(pool, new Secret(url.href), silentLog, 100)
  const heard: string[] = []
  notify.subscribe('scope', ({ scope }) => heard.push(scope))
  relay.fallSilent()
  await expect
    .poll(
      async () => {
        await store.notify.publish('scope', { scope: 'here again' })
        return heard
      },
      { timeout: 15_000, interval: 200 },
    )
    .toContain('here again')
  await notify.close()
  await pool.end()
  await relay.stop()
}, 20_000)
