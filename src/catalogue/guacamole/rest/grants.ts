import { guacamoleErrors } from '../errors.ts'
import { patchDirectory } from './batch.ts'
import type { RestSession } from './session.ts'

export type Grants = { kind: 'connection' | 'connectionGroup'; id: string; reader: string }[]

/** More additions in one request make Guacamole's own SQL slow out of all proportion; removals do not. */
const MOST_ADDITIONS = 50
const MOST_REMOVALS = 1_000

/** READ for user groups, which are made where they are missing. Guacamole adds before it removes, so both go together. */
export async function writeGrants(
  session: RestSession,
  data: string,
  { grant, revoke }: { grant: Grants; revoke: Grants },
): Promise<void> {
  const added = Map.groupBy(grant, (one) => one.reader)
  const removed = Map.groupBy(revoke, (one) => one.reader)
  for (const reader of new Set([...removed.keys(), ...added.keys()])) {
    await patch(session, data, reader, { add: added.get(reader) ?? [], remove: removed.get(reader) ?? [] })
  }
}

async function patch(
  session: RestSession,
  data: string,
  reader: string,
  { add, remove }: Record<'add' | 'remove', Grants>,
) {
  const path = `${data}/userGroups/${encodeURIComponent(reader)}/permissions`
  const requests = Math.max(Math.ceil(add.length / MOST_ADDITIONS), Math.ceil(remove.length / MOST_REMOVALS))
  for (let at = 0; at < requests; at += 1) {
    const operations = [
      ...add.slice(at * MOST_ADDITIONS, (at + 1) * MOST_ADDITIONS).map((one) => operationOf('add', one)),
      ...remove.slice(at * MOST_REMOVALS, (at + 1) * MOST_REMOVALS).map((one) => operationOf('remove', one)),
    ]
    let { status } = await session.call('PATCH', path, operations)
    if (status === 404 && add.length === 0) return
    if (status === 404) {
      await makeUserGroup(session, data, reader)
      status = (await session.call('PATCH', path, operations)).status
    }
    if (status >= 300) {
      throw guacamoleErrors.GUACAMOLE_REFUSED({ what: `READ for the user group ${reader}`, reason: `status ${status}` })
    }
  }
}

const operationOf = (op: 'add' | 'remove', { kind, id }: Grants[number]) => ({
  op,
  path: `/${kind}Permissions/${id}`,
  value: 'READ',
})

async function makeUserGroup(session: RestSession, data: string, reader: string): Promise<void> {
  const value = { identifier: reader, disabled: false, attributes: {} }
  const [outcome] = await patchDirectory(session, `${data}/userGroups`, [{ op: 'add', path: '/', value }])
  if (outcome && 'reason' in outcome) {
    throw guacamoleErrors.GUACAMOLE_USER_GROUP_HIDDEN({ group: reader, reason: outcome.reason })
  }
}
