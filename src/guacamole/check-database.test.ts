import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openGuacamoleDatabase } from '../../test/fixtures/guacamole/sql-stage.ts'
import { startMariadb } from '../../test/fixtures/mariadb.ts'
import { startPostgres } from '../../test/fixtures/postgres.ts'
import {
  type GuacamoleDatabase,
  openMysqlDatabase,
  openPostgresDatabase,
} from '../catalogue/guacamole/sql/open-database.ts'
import { systemClock } from '../kernel/clock.ts'
import { Secret } from '../kernel/secret.ts'
import { checkDatabase } from './check-database.ts'

/** What the guide says that a login needs. */
const GRANTS: Readonly<Record<string, string>> = {
  connection: 'select, insert, update, delete',
  connection_parameter: 'select, insert, update, delete',
  connection_attribute: 'select, insert, update, delete',
  connection_permission: 'select, insert, update, delete',
  connection_group: 'select, insert, update, delete',
  connection_group_attribute: 'select, insert, update, delete',
  connection_group_permission: 'select, insert, update, delete',
  entity: 'select, insert, update, delete',
  user_group: 'select, insert, update, delete',
  connection_history: 'select',
}
const SEQUENCES = ['connection_connection_id', 'connection_group_connection_group_id', 'entity_entity_id']

describe.each([
  ['PostgreSQL', startPostgres],
  ['MariaDB', startMariadb],
] as const)('a check of %s', (_name, start) => {
  let server: { url: string; stop(): Promise<void> }
  let database: GuacamoleDatabase
  beforeAll(async () => {
    server = await start()
    database = await openGuacamoleDatabase(server.url, 'checked')
  })
  afterAll(async () => {
    await database.close()
    await server.stop()
  })

  test('finds all well, and writes nothing', async () => {
    const findings = await checkDatabase(database, systemClock)
    expect(findings.map(({ what, state }) => `${what} ${state}`)).toEqual(
      ['privileges', 'database clock', 'names', 'history', 'batch size'].map((what) => `${what} ok`),
    )
  })

  test('names each privilege that is missing, and needs no other than the guide says', async () => {
    const { db, engine } = database
    const mysql = engine === 'mysql'
    await sql.raw(mysql ? 'create user little' : 'create role little login').execute(db)
    for (const [table, rights] of Object.entries(GRANTS)) {
      await sql.raw(`grant ${rights} on guacamole_${table} to little`).execute(db)
    }
    for (const name of mysql ? [] : SEQUENCES) {
      await sql.raw(`grant usage on sequence guacamole_${name}_seq to little`).execute(db)
    }
    const at = new URL(server.url)
    at.username = 'little'
    at.pathname = '/checked'
    const little = await (mysql ? openMysqlDatabase : openPostgresDatabase)(new Secret(at.href))
    const [first] = await checkDatabase(little, systemClock)
    const sequence = 'guacamole_user_group_user_group_id_seq'
    const missing = `SELECT on guacamole_user_history${mysql ? '' : `; USAGE on public.${sequence}`}`
    expect(first).toMatchObject({ state: 'bad', detail: `missing: ${missing}` })
    await sql.raw('grant select on guacamole_user_history to little').execute(db)
    if (!mysql) await sql.raw(`grant usage on sequence ${sequence} to little`).execute(db)
    expect((await checkDatabase(little, systemClock))[0]).toMatchObject({ state: 'ok' })
    await little.close()
  })
})
