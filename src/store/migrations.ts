import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Forward only. A migration that has been released is never edited. */
export const migrations: Record<string, Migration> = {
  '0001-first': { up: first },
  '0002-audit-writers': { up: auditWriters },
  '0003-two-sizes': { up: twoSizes },
  '0004-guacamole-history': { up: guacamoleHistory },
  '0005-accounts-known': { up: accountsKnown },
  '0006-guacamole-marks': { up: guacamoleMarks },
  '0007-guacamole-recordings': { up: guacamoleRecordings },
  '0008-guacamole-clocks': { up: guacamoleClocks },
  '0009-turns': { up: turns },
  '0010-guacamole-policies': { up: guacamolePolicies },
  '0011-asked-ends': { up: askedEnds },
}

async function first(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('scopes')
    .addColumn('scope', 'text', (c) => c.primaryKey())
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('account', 'text', (c) => c.notNull())
    .addColumn('region', 'text', (c) => c.notNull())
    .addColumn('account_name', 'text')
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('detail', 'text')
    .addColumn('last_event_at', 'bigint')
    .addColumn('last_sweep_at', 'bigint')
    .addColumn('applied_begun_at', 'bigint', (c) => c.notNull())
    .addColumn('drift', 'integer', (c) => c.notNull())
    .addColumn('held_back', 'integer', (c) => c.notNull())
    .execute()
  await db.schema
    .createTable('instances')
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('data', 'text', (c) => c.notNull())
    .addColumn('seen_at', 'bigint', (c) => c.notNull())
    .addColumn('missing_since', 'bigint')
    .addColumn('ended_at', 'bigint')
    .addPrimaryKeyConstraint('instances_pk', ['scope', 'id'])
    .execute()
  await db.schema
    .createTable('connections')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('account', 'text', (c) => c.notNull())
    .addColumn('region', 'text', (c) => c.notNull())
    .addColumn('instance_id', 'text', (c) => c.notNull())
    .addColumn('protocol', 'text', (c) => c.notNull())
    .addColumn('port', 'integer', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('group_path', 'text', (c) => c.notNull())
    .addColumn('network', 'text', (c) => c.notNull())
    .addColumn('user_name', 'text')
    .addColumn('credential', 'text')
    .addColumn('instance_state', 'text', (c) => c.notNull())
    .addColumn('instance', 'text', (c) => c.notNull())
    .addColumn('policy_key', 'text', (c) => c.notNull())
    .addColumn('search', 'text', (c) => c.notNull())
    .addColumn('fingerprint', 'text', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('connections_by_instance').on('connections').columns(['scope', 'instance_id']).execute()
  await db.schema.createIndex('connections_by_name').on('connections').columns(['name', 'id']).execute()
  await db.schema.createIndex('connections_by_policy').on('connections').column('policy_key').execute()
  await db.schema
    .createTable('policy_keys')
    .addColumn('policy_key', 'text', (c) => c.primaryKey())
    .addColumn('facts', 'text', (c) => c.notNull())
    .execute()
  await db.schema
    .createTable('readers')
    .addColumn('reader', 'text', (c) => c.primaryKey())
    .addColumn('data', 'text', (c) => c.notNull())
    .addColumn('policy_hash', 'text', (c) => c.notNull())
    .addColumn('seen_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema
    .createTable('visibility')
    .addColumn('policy_key', 'text', (c) => c.notNull())
    .addColumn('reader', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('visibility_pk', ['reader', 'policy_key'])
    .execute()
  await people(db)
  await sessions(db)
}

async function people(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('web_sessions')
    .addColumn('id_hash', 'text', (c) => c.primaryKey())
    .addColumn('person', 'text', (c) => c.notNull())
    .addColumn('person_id', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('seen_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('provider_session', 'text')
    .execute()
  await db.schema
    .createTable('sign_in_attempts')
    .addColumn('state_hash', 'text', (c) => c.primaryKey())
    .addColumn('data', 'text', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema
    .createTable('tickets')
    .addColumn('hash', 'text', (c) => c.primaryKey())
    .addColumn('web_session_hash', 'text', (c) => c.notNull())
    .addColumn('purpose', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .execute()
}

async function sessions(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('sessions')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('connection_id', 'text', (c) => c.notNull())
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('tenant', 'text', (c) => c.notNull())
    .addColumn('account', 'text', (c) => c.notNull())
    .addColumn('instance_id', 'text', (c) => c.notNull())
    .addColumn('connection_name', 'text', (c) => c.notNull())
    .addColumn('group_path', 'text', (c) => c.notNull())
    .addColumn('protocol', 'text', (c) => c.notNull())
    .addColumn('person_id', 'text', (c) => c.notNull())
    .addColumn('person_name', 'text', (c) => c.notNull())
    .addColumn('policy_key', 'text', (c) => c.notNull())
    .addColumn('started_at', 'bigint', (c) => c.notNull())
    .addColumn('ended_at', 'bigint')
    .addColumn('end_reason', 'text')
    .addColumn('node', 'text', (c) => c.notNull())
    .addColumn('heartbeat_at', 'bigint', (c) => c.notNull())
    .addColumn('recording', 'text', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('sessions_by_time').on('sessions').columns(['started_at', 'id']).execute()
  await db.schema
    .createTable('host_keys')
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('instance_id', 'text', (c) => c.notNull())
    .addColumn('algorithm', 'text', (c) => c.notNull())
    .addColumn('key', 'text', (c) => c.notNull())
    .addColumn('learned_by', 'text', (c) => c.notNull())
    .addColumn('learned_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('host_keys_pk', ['scope', 'instance_id', 'algorithm'])
    .execute()
  await db.schema
    .createTable('observation_pages')
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('begun_at', 'bigint', (c) => c.notNull())
    .addColumn('page', 'integer', (c) => c.notNull())
    .addColumn('pages', 'integer', (c) => c.notNull())
    .addColumn('data', 'text', (c) => c.notNull())
    .addColumn('received_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('observation_pages_pk', ['scope', 'begun_at', 'page'])
    .execute()
}

async function auditWriters(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('audit_writers')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('holder', 'text', (c) => c.notNull())
    .addColumn('held_until', 'bigint', (c) => c.notNull())
    .execute()
}

async function twoSizes(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('trail_outbox')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('event', 'text', (c) => c.notNull())
    .execute()
  await db.schema
    .createTable('discovery_rules')
    .addColumn('id', 'integer', (c) => c.primaryKey())
    .addColumn('rules', 'text', (c) => c.notNull())
    .execute()
}

async function guacamoleHistory(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('guacamole_history')
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('id', 'bigint', (c) => c.notNull())
    .addColumn('started_at', 'bigint', (c) => c.notNull())
    .addColumn('told', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('guacamole_history_pk', ['kind', 'id'])
    .execute()
}

async function accountsKnown(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('accounts_known')
    .addColumn('id', 'integer', (c) => c.primaryKey())
    .addColumn('known', 'text', (c) => c.notNull())
    .execute()
  // Pages wait for seconds; a set that is lost here is observed again.
  await db.schema.dropTable('observation_pages').execute()
  await db.schema
    .createTable('observation_pages')
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('observation', 'text', (c) => c.notNull())
    .addColumn('begun_at', 'bigint', (c) => c.notNull())
    .addColumn('page', 'integer', (c) => c.notNull())
    .addColumn('pages', 'integer', (c) => c.notNull())
    .addColumn('data', 'text', (c) => c.notNull())
    .addColumn('received_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('observation_pages_by_observation', ['scope', 'observation', 'page'])
    .execute()
}

async function guacamoleMarks(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('guacamole_marks')
    .addColumn('target', 'text', (c) => c.notNull())
    .addColumn('object', 'text', (c) => c.notNull())
    .addColumn('mark', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('guacamole_marks_pk', ['target', 'object'])
    .execute()
}

async function guacamoleRecordings(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('guacamole_recordings')
    .addColumn('session', 'text', (c) => c.primaryKey())
    .addColumn('told', 'text', (c) => c.notNull())
    .execute()
}

async function guacamoleClocks(db: Kysely<unknown>): Promise<void> {
  // One column a statement: SQLite adds no two.
  await db.schema.alterTable('guacamole_history').addColumn('seen_at', 'bigint').execute()
  await db.schema.alterTable('guacamole_history').addColumn('ahead_ms', 'bigint').execute()
}

async function turns(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('turns')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('holder', 'text', (c) => c.notNull())
    .addColumn('held_until', 'bigint', (c) => c.notNull())
    .execute()
}

async function guacamolePolicies(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('guacamole_policies')
    .addColumn('id', 'integer', (c) => c.primaryKey())
    .addColumn('files', 'text', (c) => c.notNull())
    .execute()
}

async function askedEnds(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('sessions').addColumn('end_asked_by', 'text').execute()
}
