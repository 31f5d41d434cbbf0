import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MarkLedger, storeLedger } from '../../src/catalogue/guacamole/mark-ledger.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { startFakeGuacamole } from '../fixtures/guacamole/fake-server.ts'
import { restStage } from '../fixtures/guacamole/rest-stage.ts'
import { openGuacamoleDatabase, sqlStage } from '../fixtures/guacamole/sql-stage.ts'
import { startMariadb } from '../fixtures/mariadb.ts'
import { startPostgres } from '../fixtures/postgres.ts'
import { startPostgresPair } from '../fixtures/postgres-pair.ts'
import { type DoomedStage, failOver, type HardDay } from './hard-day.ts'

const TABLES = ['guacamole_connection', 'guacamole_connection_group', 'guacamole_entity'] as const

async function onDatabase(start: typeof startPostgres | typeof startMariadb): Promise<DoomedStage> {
  const server = await start()
  const database = await openGuacamoleDatabase(server.url, 'hard_day')
  const at = new URL(server.url)
  at.pathname = '/hard_day'
  return {
    ...sqlStage(database),
    doom: { url: at.href },
    async reset() {
      for (const table of TABLES) await database.db.deleteFrom(table).execute()
    },
    async stop() {
      await database.close()
      await server.stop()
    },
  }
}

/** SQLite has one process at a time, so each look opens it anew. */
function ledgerIn(file: string, target: string): MarkLedger {
  const on = async <T>(work: (ledger: Required<MarkLedger>) => Promise<T>): Promise<T> => {
    const store = await openSqlite(file)
    const ledger = storeLedger(store, target)
    try {
      return await work({ read: ledger.read, write: async (entries) => void (await ledger.write?.(entries)) })
    } finally {
      await store.close()
    }
  }
  return { read: () => on((ledger) => ledger.read()), write: (entries) => on((ledger) => ledger.write(entries)) }
}

async function onRest(forgetsMarks: boolean): Promise<DoomedStage> {
  const server = await startFakeGuacamole()
  server.forgetsMarks = forgetsMarks
  const folder = mkdtempSync(join(tmpdir(), 'enchilada-hard-day-'))
  const file = join(folder, 'ledger.db')
  const ledger = ledgerIn(file, server.url)
  const { url, userName, password } = server
  const stage = await restStage(server, 'Enchilada', forgetsMarks ? { ledger } : {})
  return {
    ...stage,
    doom: { url, userName, password, ...(forgetsMarks ? { ledger: file } : {}) },
    async reset() {
      server.reset()
      // A server that begins anew gives the same ids again, as a real one never does.
      const known = await ledger.read()
      await ledger.write?.([...known.keys()].map((object) => [object, undefined] as const))
    },
    async stop() {
      await stage.stop()
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export const doomedStages: Readonly<Record<string, () => Promise<DoomedStage>>> = {
  PostgreSQL: () => onDatabase(startPostgres),
  MariaDB: () => onDatabase(startMariadb),
  REST: () => onRest(false),
  'REST that forgets marks': () => onRest(true),
}

/** A pair of its own for each case: what was promoted cannot follow again. */
export async function runFailOver(how: 'restart' | 'promote', at: number): Promise<HardDay> {
  const pair = await startPostgresPair()
  let left = Number.POSITIVE_INFINITY
  let then: () => void = () => undefined
  const onStatement = () => {
    left -= 1
    if (left === 0) then()
  }
  const database = await openGuacamoleDatabase(pair.url, 'fail_over', { onStatement })
  try {
    const atStatement = (next: number, work: () => void) => {
      left = next
      then = work
    }
    return await failOver(pair, { ...sqlStage(database), atStatement }, how, at)
  } finally {
    await database.close()
    await pair.stop()
  }
}
