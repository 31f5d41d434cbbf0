import type { OwnedConnection } from '../guacamole.ts'
import { MARK, ownedBy, readConnectionMark } from '../mark.ts'
import type { GuacamoleDatabase } from './open-database.ts'

export async function readStrangers({ db }: GuacamoleDatabase) {
  const rows = await db
    .selectFrom('guacamole_connection as c')
    .leftJoin('guacamole_connection_parameter as h', (join) =>
      join.onRef('h.connection_id', '=', 'c.connection_id').on('h.parameter_name', '=', 'hostname'),
    )
    .leftJoin('guacamole_connection_attribute as i', (join) =>
      join.onRef('i.connection_id', '=', 'c.connection_id').on('i.attribute_name', '=', 'instance_id'),
    )
    .leftJoin('guacamole_connection_attribute as m', (join) =>
      join.onRef('m.connection_id', '=', 'c.connection_id').on('m.attribute_name', '=', MARK),
    )
    .select([
      'c.connection_id as id',
      'c.connection_name as name',
      'c.protocol',
      'h.parameter_value as hostname',
      'i.attribute_value as instance_id',
      'm.attribute_value as mark',
    ])
    .execute()
  const marks = rows.flatMap((row) => readConnectionMark(row.mark) ?? [])
  const strangers = rows
    .filter((row) => !readConnectionMark(row.mark))
    .map(({ id, name, protocol, hostname, instance_id }) => ({
      id: String(id),
      name,
      protocol,
      hostname: hostname ?? undefined,
      instanceId: instance_id ?? undefined,
    }))
  return { strangers, held: new Set(marks.map((mark) => mark.id)) }
}

export async function readOwned({ db }: GuacamoleDatabase): Promise<ReadonlyMap<string, OwnedConnection>> {
  const rows = await db
    .selectFrom('guacamole_connection_attribute as m')
    .innerJoin('guacamole_connection as c', 'c.connection_id', 'm.connection_id')
    .select(['c.connection_id as id', 'c.protocol', 'm.attribute_value as mark'])
    .where('m.attribute_name', '=', MARK)
    .execute()
  return new Map(
    rows.flatMap(({ id, protocol, mark }) => {
      const known = readConnectionMark(mark)
      return known ? [[String(id), { ...ownedBy(known), protocol }] as const] : []
    }),
  )
}
