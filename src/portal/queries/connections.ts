import { type ExpressionBuilder, sql } from 'kysely'
import * as z from 'zod'
import { type Instance, instanceSchema } from '../../model/instance.ts'
import type { Schema } from '../../store/schema.ts'
import type { Database } from '../../store/store.ts'
import type { Connection, ConnectionFilters, ConnectionList, ConnectionQuery } from '../contract/connections.ts'
import { escapeLike, readCursor, searchPatterns, valuesOf, writeCursor } from './keyset.ts'

/** `readers`: keys of `visibility` that stand for the person asking. */
type Readers = readonly string[]

/** Rows that one of the readers may see. */
export const visibleRows = (db: Database, readers: Readers) =>
  db.selectFrom('connections').where('connections.policy_key', 'in', (row) =>
    row
      .selectFrom('visibility')
      .select('visibility.policy_key')
      .where('visibility.reader', 'in', [...readers]),
  )

const shown = (db: Database, readers: Readers) =>
  visibleRows(db, readers)
    .leftJoin('scopes', 'scopes.scope', 'connections.scope')
    .selectAll('connections')
    .select('scopes.account_name as account_name')

type Row = Awaited<ReturnType<ReturnType<typeof shown>['execute']>>[number]

export async function listConnections(db: Database, readers: Readers, query: ConnectionQuery): Promise<ConnectionList> {
  const matches = matching(query)
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor, z.string())
  let page = shown(db, readers).where(matches)
  if (after) {
    const [name, id] = after
    page = page.where((row) =>
      row.or([
        row('connections.name', '>', name),
        row.and([row('connections.name', '=', name), row('connections.id', '>', id)]),
      ]),
    )
  }
  const rows = await page
    .orderBy('connections.name')
    .orderBy('connections.id')
    .limit(query.limit + 1)
    .execute()
  const { total } = await visibleRows(db, readers)
    .where(matches)
    .select((row) => row.fn.countAll<number | string>().as('total'))
    .executeTakeFirstOrThrow()
  const items = rows.slice(0, query.limit)
  const last = rows.length > query.limit ? items.at(-1) : undefined
  return {
    items: items.map(toConnection),
    total: Number(total),
    ...(last ? { nextCursor: writeCursor([last.name, last.id]) } : {}),
  }
}

export async function listFilters(db: Database, readers: Readers): Promise<ConnectionFilters> {
  const rows = await visibleRows(db, readers)
    .leftJoin('scopes', 'scopes.scope', 'connections.scope')
    .select(['connections.account', 'connections.region', 'scopes.account_name'])
    .distinct()
    .orderBy('connections.account')
    .execute()
  const accounts = new Map(rows.map((row) => [row.account, row.account_name]))
  return {
    accounts: [...accounts].map(([id, name]) => (name === null ? { id } : { id, name })),
    regions: [...new Set(rows.map((row) => row.region))].sort(),
  }
}

/** Those of the ids that the readers may see. */
export async function readConnections(db: Database, readers: Readers, ids: readonly string[]): Promise<Connection[]> {
  const found: Row[] = []
  for (let at = 0; at < ids.length; at += 500) {
    found.push(
      ...(await shown(db, readers)
        .where('connections.id', 'in', ids.slice(at, at + 500))
        .execute()),
    )
  }
  return found.map(toConnection)
}

export async function visibleIds(db: Database, readers: Readers): Promise<Set<string>> {
  const rows = await visibleRows(db, readers).select('connections.id').execute()
  return new Set(rows.map((row) => row.id))
}

type Filter = Omit<ConnectionQuery, 'limit' | 'cursor'>

function matching({ q, account, region, state, protocol, group }: Filter) {
  return (row: ExpressionBuilder<Schema, 'connections'>) => {
    const oneOf = (column: 'account' | 'region' | 'instance_state' | 'protocol', text: string | undefined) => {
      const values = valuesOf(text)
      return values.length > 0 ? [row(`connections.${column}`, 'in', values)] : []
    }
    return row.and([
      ...searchPatterns(q).map((pattern) => sql<boolean>`connections.search like ${pattern} escape '\\'`),
      ...oneOf('account', account),
      ...oneOf('region', region),
      ...oneOf('instance_state', state),
      ...oneOf('protocol', protocol),
      ...(group ? [sql<boolean>`connections.group_path like ${groupPattern(group)} escape '\\'`] : []),
    ])
  }
}

/** `Prod/Web` finds that group and all below it: the column holds `["Prod","Web","eu-west-1"]`. */
function groupPattern(path: string): string {
  const parts = path.split('/').filter(Boolean)
  // The quote that ends the last part keeps "Prod" from finding "Production".
  return `${escapeLike(JSON.stringify(parts).slice(0, -1))}%`
}

function toConnection(row: Row): Connection {
  const instance: Instance = instanceSchema.parse(JSON.parse(row.instance))
  return {
    id: row.id,
    name: row.name,
    protocol: z.enum(['ssh', 'rdp', 'vnc']).parse(row.protocol),
    port: row.port,
    group: z.array(z.string()).parse(JSON.parse(row.group_path)),
    tenant: row.tenant,
    account: row.account,
    ...(row.account_name === null ? {} : { accountName: row.account_name }),
    region: row.region,
    instanceId: row.instance_id,
    instanceType: instance.instanceType,
    state: instance.state,
    platform: instance.platform,
    ...(instance.privateIp === undefined ? {} : { privateIp: instance.privateIp }),
    launchedAt: instance.launchedAt,
    tags: instance.tags,
  }
}
