import { factsOf } from '../access/policy-keys.ts'
import { reasonOf } from '../kernel/errors.ts'
import type { Connection } from '../model/connection.ts'
import { type Instance, isEnded } from '../model/instance.ts'
import type { Person } from '../model/person.ts'
import { parseScope, type Scope } from '../model/scope.ts'
import type { Facts } from '../policy/request.ts'
import type { Database } from '../store/store.ts'
import { gatewayErrors } from './errors.ts'

/** A connection of the catalogue with what policies ask about it. */
export type Target = { connection: Connection; facts: Facts; policyKey: string }

/** Rejects with CONNECTION_NOT_FOUND. */
export async function findTarget(db: Database, connectionId: string): Promise<Target> {
  const row = await db.selectFrom('connections').selectAll().where('id', '=', connectionId).executeTakeFirst()
  if (!row) throw gatewayErrors.CONNECTION_NOT_FOUND({ id: connectionId })
  const protocol = row.protocol === 'rdp' || row.protocol === 'vnc' ? row.protocol : 'ssh'
  const connection: Connection = {
    id: row.id,
    scope: parseScope(row.scope),
    instanceId: row.instance_id,
    protocol,
    port: row.port,
    name: row.name,
    group: JSON.parse(row.group_path),
    network: row.network,
    instance: JSON.parse(row.instance),
    ...(row.user_name ? { userName: row.user_name } : {}),
    ...(row.credential ? { credential: row.credential } : {}),
  }
  return { connection, facts: factsOf(row), policyKey: row.policy_key }
}

export type LookUpInstance = (scope: Scope, id: string, visitor: { name: string }) => Promise<Instance | undefined>

/** The instance as AWS says it now. An address is only believed when it is the one that the list showed. */
export async function lookAgain(
  { connection }: Target,
  person: Person,
  lookUp: LookUpInstance,
): Promise<Instance & { privateIp: string }> {
  const details = { instance: connection.instanceId }
  const now = await lookUp(connection.scope, connection.instanceId, person).catch((cause) => {
    throw gatewayErrors.INSTANCE_UNKNOWN({ ...details, reason: reasonOf(cause) }, { cause })
  })
  if (!now || isEnded(now.state)) throw gatewayErrors.INSTANCE_GONE(details)
  if (now.state !== 'running') throw gatewayErrors.INSTANCE_NOT_RUNNING({ ...details, state: now.state })
  const { privateIp } = now
  if (!privateIp) throw gatewayErrors.INSTANCE_NOT_RUNNING({ ...details, state: 'without an address' })
  if (connection.instance.privateIp !== undefined && privateIp !== connection.instance.privateIp) {
    throw gatewayErrors.INSTANCE_MOVED(details)
  }
  return { ...now, privateIp }
}

/** What this process can route to. Other networks belong to other gateways. */
const DIRECT = 'direct'

/**
 * An address is only an address within a network: two running instances of two VPCs that share one cannot be told apart by it.
 * Rejects with NETWORK_NOT_REACHED or ADDRESS_AMBIGUOUS.
 */
export async function requireOneAddress(
  db: Database,
  { connection: { network } }: Target,
  { id, privateIp, vpcId }: Instance & { privateIp: string },
): Promise<void> {
  if (network !== DIRECT) throw gatewayErrors.NETWORK_NOT_REACHED({ instance: id, network })
  const rows = await db
    .selectFrom('connections')
    .select(['instance', 'account'])
    .where('network', '=', network)
    .where('instance_id', '!=', id)
    .where('instance_state', '=', 'running')
    .where('search', 'like', `% ${privateIp} %`)
    .execute()
  const others = rows.map((row): { account: string; instance: Instance } => ({
    account: row.account,
    instance: JSON.parse(row.instance),
  }))
  const other = others.find((one) => one.instance.privateIp === privateIp && one.instance.vpcId !== vpcId)
  if (!other) return
  throw gatewayErrors.ADDRESS_AMBIGUOUS({
    instance: id,
    address: privateIp,
    other: `${other.instance.id} of account ${other.account}`,
    network,
  })
}
