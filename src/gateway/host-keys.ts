import { createHash } from 'node:crypto'
import type { Clock } from '../kernel/clock.ts'
import { formatScope, type Scope } from '../model/scope.ts'
import type { Store } from '../store/store.ts'

/** `key` is base64 of the wire format (RFC 4253, 6.6), as in known_hosts. */
export type HostKey = { algorithm: string; key: string }
export type PinnedKey = HostKey & { learnedBy: 'console-output' | 'operator' | 'first-use' }

/** As `ssh-keygen -l` prints it. */
export const fingerprintOf = (key: string): string =>
  `SHA256:${createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64').replace(/=+$/, '')}`

/** The name in the wire format's first field. */
export function algorithmOf(wire: Uint8Array): string {
  const bytes = Buffer.from(wire)
  return bytes.length < 4 ? '' : bytes.subarray(4, 4 + bytes.readUInt32BE(0)).toString('latin1')
}

/** Keys between the markers that cloud-init prints; the last block, since a console keeps those of earlier boots. */
export function parseConsoleKeys(output: string): HostKey[] {
  const block = output.split('-----BEGIN SSH HOST KEY KEYS-----').at(-1)
  if (block === undefined || block === output) return []
  const [inner = ''] = block.split('-----END SSH HOST KEY KEYS-----')
  return inner.split('\n').flatMap((line) => parseHostKey(line) ?? [])
}

export type HostKeys = {
  pinned(scope: Scope, instanceId: string): Promise<PinnedKey[]>
  pin(scope: Scope, instanceId: string, keys: readonly PinnedKey[]): Promise<void>
  /** An operator's word replaces what is pinned; no keys: the next connect learns anew. */
  replace(scope: Scope, instanceId: string, keys: readonly HostKey[]): Promise<void>
}

/** A line of known_hosts or of a public key file; undefined when it holds no host key. */
export function parseHostKey(line: string): HostKey | undefined {
  const [, algorithm = '', key = ''] = KEY_LINE.exec(line) ?? []
  return algorithm !== '' && algorithmOf(Buffer.from(key, 'base64')) === algorithm ? { algorithm, key } : undefined
}

const KEY_LINE = /(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d+)\s+([A-Za-z0-9+/]+={0,2})/

export function openHostKeys({ store, clock }: { store: Store; clock: Clock }): HostKeys {
  return {
    async pinned(scope, instanceId) {
      const rows = await store.db
        .selectFrom('host_keys')
        .select(['algorithm', 'key', 'learned_by'])
        .where('scope', '=', formatScope(scope))
        .where('instance_id', '=', instanceId)
        .execute()
      return rows.map(({ algorithm, key, learned_by }) => ({ algorithm, key, learnedBy: toLearnedBy(learned_by) }))
    },
    async pin(scope, instanceId, keys) {
      if (keys.length === 0) return
      await store.db
        .insertInto('host_keys')
        .values(
          keys.map(({ algorithm, key, learnedBy }) => ({
            scope: formatScope(scope),
            instance_id: instanceId,
            algorithm,
            key,
            learned_by: learnedBy,
            learned_at: clock.now(),
          })),
        )
        // The first to pin wins: a later answer must never move a pin.
        .onConflict((conflict) => conflict.columns(['scope', 'instance_id', 'algorithm']).doNothing())
        .execute()
    },
    async replace(scope, instanceId, keys) {
      const rows = keys.map(({ algorithm, key }) => ({
        scope: formatScope(scope),
        instance_id: instanceId,
        algorithm,
        key,
        learned_by: 'operator',
        learned_at: clock.now(),
      }))
      await store.db.transaction().execute(async (trx) => {
        await trx
          .deleteFrom('host_keys')
          .where('scope', '=', formatScope(scope))
          .where('instance_id', '=', instanceId)
          .execute()
        if (rows.length > 0) await trx.insertInto('host_keys').values(rows).execute()
      })
    },
  }
}

const toLearnedBy = (text: string): PinnedKey['learnedBy'] =>
  text === 'console-output' || text === 'operator' ? text : 'first-use'
