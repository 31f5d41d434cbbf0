import { sql } from 'kysely'
import type { GuacamoleDatabase } from '../../src/catalogue/guacamole/sql/open-database.ts'
import type { Connection } from '../../src/model/connection.ts'

export type Fleet = { root: string; connections: readonly Connection[]; readers: readonly string[] }
export type Cost = { seconds: number; calls: number; bytes: number }

/**
 * How clients and modules for Guacamole write: one request an object and one a grant, with one token. Measured on the first
 * `sample` connections, with all the groups these need.
 */
export async function restOneByOne(
  server: { url: string; userName: string; password: string },
  { root, connections, readers }: Fleet,
  sample: number,
): Promise<Cost> {
  const cost: Cost = { seconds: 0, calls: 0, bytes: 0 }
  const base = `${server.url}/api/`
  const form = new URLSearchParams({ username: server.userName, password: server.password })
  const login: { authToken: string; availableDataSources: string[] } = await (
    await fetch(`${base}tokens`, { method: 'POST', body: form })
  ).json()
  const data = `${base}session/data/${login.availableDataSources[0]}/`
  const call = async (method: string, path: string, value: object) => {
    const body = JSON.stringify(value)
    cost.calls += 1
    cost.bytes += Buffer.byteLength(body)
    const headers = { 'guacamole-token': login.authToken, 'content-type': 'application/json' }
    const response = await fetch(data + path, { method, body, headers })
    const text = await response.text()
    return text === '' ? {} : JSON.parse(text)
  }
  const grant = async (kind: string, id: string) => {
    for (const reader of readers) {
      const operation = { op: 'add', path: `/${kind}Permissions/${id}`, value: 'READ' }
      await call('PATCH', `userGroups/${reader}/permissions`, [operation])
    }
  }
  const start = performance.now()
  for (const reader of readers) await call('POST', 'userGroups', { identifier: reader, attributes: {} })
  const groups = new Map<string, string>()
  const group = async (path: readonly string[]): Promise<string> => {
    const key = path.join('/')
    const known = groups.get(key)
    if (known) return known
    const parentIdentifier = path.length > 1 ? await group(path.slice(0, -1)) : 'ROOT'
    const value = { name: path.at(-1), parentIdentifier, type: 'ORGANIZATIONAL', attributes: {} }
    const { identifier } = await call('POST', 'connectionGroups', value)
    await grant('connectionGroup', identifier)
    groups.set(key, identifier)
    return identifier
  }
  for (const one of connections.slice(0, sample)) {
    const parentIdentifier = await group([root, ...one.group])
    const parameters = { hostname: one.instance.privateIp, port: String(one.port) }
    const value = { name: one.name, parentIdentifier, protocol: one.protocol, parameters, attributes: {} }
    const { identifier } = await call('POST', 'connections', value)
    await grant('connection', identifier)
  }
  cost.seconds = (performance.now() - start) / 1000
  await fetch(`${base}tokens/${login.authToken}`, { method: 'DELETE' })
  return cost
}

/** How scanners write into the database: one statement a row, one commit a connection. */
export async function sqlOneByOne(
  { db }: GuacamoleDatabase,
  { connections, readers }: Fleet,
  sample: number,
): Promise<number> {
  const start = performance.now()
  const entities: number[] = []
  for (const name of readers) {
    await db
      .insertInto('guacamole_entity')
      .values({ name, type: 'USER_GROUP' })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    const row = await db
      .selectFrom('guacamole_entity')
      .select('entity_id')
      .where('name', '=', name)
      .executeTakeFirstOrThrow()
    entities.push(row.entity_id)
  }
  for (const one of connections.slice(0, sample)) {
    await db.transaction().execute(async (trx) => {
      const { rows } = await sql<{ id: number }>`
        insert into guacamole_connection (connection_name, protocol) values (${one.name}, ${one.protocol})
        returning connection_id as id`.execute(trx)
      const id = rows[0]?.id ?? 0
      const values = { hostname: one.instance.privateIp ?? '', port: String(one.port), 'recording-name': 'recording' }
      for (const [parameter_name, parameter_value] of Object.entries(values)) {
        await trx
          .insertInto('guacamole_connection_parameter')
          .values({ connection_id: id, parameter_name, parameter_value })
          .execute()
      }
      const mark = { connection_id: id, attribute_name: 'instance_id', attribute_value: one.instanceId }
      await trx.insertInto('guacamole_connection_attribute').values(mark).execute()
      for (const entity_id of entities) {
        await trx
          .insertInto('guacamole_connection_permission')
          .values({ entity_id, connection_id: id, permission: 'READ' })
          .execute()
      }
    })
  }
  return (performance.now() - start) / 1000
}
