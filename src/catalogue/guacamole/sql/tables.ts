import type { Generated } from 'kysely'

/** Of Guacamole's schema (1.0 and later) what we read and write; the same in PostgreSQL and MySQL. */
export type GuacamoleTables = {
  guacamole_entity: { entity_id: Generated<number>; name: string; type: 'USER' | 'USER_GROUP' }
  guacamole_user_group: { user_group_id: Generated<number>; entity_id: number }
  guacamole_connection_group: {
    connection_group_id: Generated<number>
    parent_id: number | null
    connection_group_name: string
    type: Generated<'ORGANIZATIONAL' | 'BALANCING'>
  }
  guacamole_connection_group_attribute: {
    connection_group_id: number
    attribute_name: string
    attribute_value: string
  }
  guacamole_connection_group_permission: {
    entity_id: number
    connection_group_id: number
    permission: 'READ'
  }
  guacamole_connection: {
    connection_id: Generated<number>
    connection_name: string
    parent_id: number | null
    protocol: string
    proxy_hostname: string | null
    proxy_port: number | null
    proxy_encryption_method: 'NONE' | 'SSL' | null
  }
  guacamole_connection_attribute: { connection_id: number; attribute_name: string; attribute_value: string }
  guacamole_connection_parameter: { connection_id: number; parameter_name: string; parameter_value: string }
  guacamole_connection_permission: { entity_id: number; connection_id: number; permission: 'READ' }
  guacamole_connection_history: {
    history_id: number
    username: string
    remote_host: string | null
    connection_id: number | null
    connection_name: string
    start_date: Date
    end_date: Date | null
  }
  guacamole_user_history: {
    history_id: number
    username: string
    remote_host: string | null
    start_date: Date
    end_date: Date | null
  }
}

/** Guacamole's proxy columns, as REST names them. */
export const proxyColumns = (attributes: Readonly<Record<string, string>>) => ({
  ...(attributes['guacd-hostname'] === undefined ? {} : { proxy_hostname: attributes['guacd-hostname'] }),
  ...(attributes['guacd-port'] === undefined ? {} : { proxy_port: Number(attributes['guacd-port']) }),
  ...(attributes['guacd-encryption'] === undefined
    ? {}
    : { proxy_encryption_method: attributes['guacd-encryption'] === 'ssl' ? ('SSL' as const) : ('NONE' as const) }),
})

type ProxyRow = Pick<
  GuacamoleTables['guacamole_connection'],
  'proxy_hostname' | 'proxy_port' | 'proxy_encryption_method'
>

export const proxyAttributes = (row: ProxyRow): Record<string, string> => ({
  ...(row.proxy_hostname === null ? {} : { 'guacd-hostname': row.proxy_hostname }),
  ...(row.proxy_port === null ? {} : { 'guacd-port': String(row.proxy_port) }),
  ...(row.proxy_encryption_method === null ? {} : { 'guacd-encryption': row.proxy_encryption_method.toLowerCase() }),
})
