import { sql } from 'kysely'
import type { GuacamoleDatabase } from '../catalogue/guacamole/sql/open-database.ts'
import type { GuacamoleTables } from '../catalogue/guacamole/sql/tables.ts'
import { type Clock, toIso } from '../kernel/clock.ts'
import { isCoded, reasonOf } from '../kernel/errors.ts'
import { type Finding, sayClock } from './check.ts'

type Table = keyof GuacamoleTables
/** A column of each table that we write, and what we do with it. */
const WRITTEN: Readonly<Partial<Record<Table, string>>> = {
  guacamole_connection: 'connection_name',
  guacamole_connection_parameter: 'parameter_value',
  guacamole_connection_attribute: 'attribute_value',
  guacamole_connection_permission: 'permission',
  guacamole_connection_group: 'connection_group_name',
  guacamole_connection_group_attribute: 'attribute_value',
  guacamole_connection_group_permission: 'permission',
}
const READ: readonly Table[] = ['guacamole_connection_history', 'guacamole_user_history']
const MADE: readonly Table[] = ['guacamole_entity', 'guacamole_user_group']
/** Columns that PostgreSQL numbers from a sequence, which has rights of its own. */
const NUMBERED: Readonly<Partial<Record<Table, string>>> = {
  guacamole_connection: 'connection_id',
  guacamole_connection_group: 'connection_group_id',
  guacamole_entity: 'entity_id',
  guacamole_user_group: 'user_group_id',
}
/** From here on one large grant by anybody takes the web application minutes, where its batches are not small. */
const MANY_PERMISSIONS = 20_000

/** Looks at Guacamole's database with statements that touch no row. */
export async function checkDatabase({ engine, db }: GuacamoleDatabase, clock: Clock): Promise<Finding[]> {
  const findings: Finding[] = []
  const say = (what: string, state: Finding['state'], detail: string) => findings.push({ what, state, detail })
  try {
    const missing = [...(await missingPrivileges(db)), ...(engine === 'postgres' ? await missingSequences(db) : [])]
    if (missing.length > 0) say('privileges', 'bad', `missing: ${missing.join('; ')}`)
    else say('privileges', 'ok', 'all that are needed')
    const now = engine === 'postgres' ? sql<Date>`clock_timestamp()` : sql<Date>`utc_timestamp(3)`
    const told = await sql<{ at: Date; alike: boolean | number }>`select ${now} as at, 'A' = 'a' as alike`.execute(db)
    const [row] = told.rows
    findings.push(sayClock('database clock', row && row.at.getTime() - clock.now(), clock))
    say('names', 'ok', row?.alike ? 'the database takes A for a' : 'the database tells A from a')
    const newest = await db
      .selectFrom('guacamole_connection_history')
      .select(({ fn }) => fn.max('start_date').as('at'))
      .executeTakeFirst()
    const ahead = newest?.at ? newest.at.getTime() - clock.now() : 0
    if (ahead > 60_000)
      say('history', 'bad', `a session begins at ${toIso(clock.now() + ahead)}: its times are not UTC`)
    else say('history', 'ok', 'can be read')
    const { rows } = await sql<{ n: number }>`select count(*) as n from guacamole_connection_permission`.execute(db)
    const many = Number(rows[0]?.n)
    const setting = `${engine === 'postgres' ? 'postgresql' : 'mysql'}-batch-size`
    const detail = `${many} rows of permissions; ${setting} is known to the web application alone, set it to 100`
    say('batch size', many > MANY_PERMISSIONS ? 'warn' : 'ok', detail)
  } catch (error) {
    say('database', 'bad', `${reasonOf(error)}${isCoded(error) ? ` ${error.hint}` : ''}`)
  }
  return findings
}

async function missingPrivileges(db: GuacamoleDatabase['db']): Promise<string[]> {
  const missing: string[] = []
  const attempt = async (privilege: string, table: Table, statement: ReturnType<typeof sql>) => {
    await statement.execute(db).catch((error: unknown) => {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      // MySQL asks for the other columns when the privilege was found.
      if (code === 'ER_NO_DEFAULT_FOR_FIELD') return
      // Anything else says that the server is not there: no privilege is missing.
      if (!/^42501$|^42P01$|DENIED|NO_SUCH_TABLE/.test(code)) throw error
      missing.push(`${privilege} on ${table}`)
    })
  }
  const some = (table: Table, column: string) =>
    sql`(${sql.ref(column)}) select ${sql.ref(column)} from ${sql.table(table)}`
  for (const table of [...Object.keys(WRITTEN), ...READ, ...MADE] as Table[]) {
    await attempt('SELECT', table, sql`select 1 from ${sql.table(table)} where 1 = 0`)
  }
  for (const [table, column] of Object.entries(WRITTEN) as [Table, string][]) {
    await attempt('INSERT', table, sql`insert into ${sql.table(table)} ${some(table, column)} where 1 = 0`)
    const same = sql`${sql.ref(column)} = ${sql.ref(column)}`
    await attempt('UPDATE', table, sql`update ${sql.table(table)} set ${same} where 1 = 0`)
    await attempt('DELETE', table, sql`delete from ${sql.table(table)} where 1 = 0`)
  }
  await attempt(
    'INSERT',
    'guacamole_entity',
    sql`insert into guacamole_entity ${some('guacamole_entity', 'name')} where 1 = 0`,
  )
  const group = some('guacamole_user_group', 'entity_id')
  await attempt('INSERT', 'guacamole_user_group', sql`insert into guacamole_user_group ${group} where 1 = 0`)
  return missing
}

async function missingSequences(db: GuacamoleDatabase['db']): Promise<string[]> {
  const missing: string[] = []
  for (const [table, column] of Object.entries(NUMBERED)) {
    const sequence = sql`pg_get_serial_sequence(${table}, ${column})`
    const told = await sql<{ name: string; held: boolean }>`
      select ${sequence} as name, has_sequence_privilege(${sequence}, 'USAGE') as held
      where ${sequence} is not null`.execute(db)
    for (const { name, held } of told.rows) if (!held) missing.push(`USAGE on ${name}`)
  }
  return missing
}
