import { guacamoleErrors } from '../errors.ts'
import { patchDirectory } from './batch.ts'
import type { RestSession } from './session.ts'

export type Grants = { kind: 'connection' | 'connectionGroup'; id: string; reader: string }[]

/** More additions in one request make Guacamole's own SQL slow out of all proportion; removals do not. */
const MOST_ADDITIONS = 50
const MOST_REMOVALS = 1_000

/** READ for user groups, which are made where they are missing. */
export async function writeGrants(
  session: RestSession,
  data: string,
  { grant, revoke }: { grant: Grants; revoke: Grants },
): Promise<void> {
  for (const [reader, some] of Map.groupBy(revoke, (one) => one.reader)) {
    await patch(session, data, reader, 'remove', some, MOST_REMOVALS)
  }
  for (const [reader, some] of Map.groupBy(grant, (one) => one.reader)) {
    await patch(session, data, reader, 'add', some, MOST_ADDITIONS)
  }
}

async function patch(
  session: RestSession,
  data: string,
  reader: string,
  op: 'add' | 'remove',
  grants: Grants,
  most: number,
) {
  const path = `${data}/userGroups/${encodeURIComponent(reader)}/permissions`
  const operations = grants.map(({ kind, id }) => ({ op, path: `/${kind}Permissions/${id}`, value: 'READ' }))
  for (let at = 0; at < operations.length; at += most) {
    const some = operations.slice(at, at + most)
    let { status } = await session.call('PATCH', path, some)
    if (status === 404 && op === 'remove') return
    if (status === 404) {
      await makeUserGroup(session, data, reader)
      status = (await session.call('PATCH', path, some)).status
    }
    if (status >= 300) {
      throw guacamoleErrors.GUACAMOLE_REFUSED({ what: `READ for the user group ${reader}`, reason: `status ${status}` })
    }
  }
}

async function makeUserGroup(session: RestSession, data: string, reader: string): Promise<void> {
  const value = { identifier: reader, disabled: false, attributes: {} }
  const [outcome] = await patchDirectory(session, `${data}/userGroups`, [{ op: 'add', path: '/', value }])
  if (outcome && 'reason' in outcome) {
    throw guacamoleErrors.GUACAMOLE_REFUSED({ what: `the user group ${reader}`, reason: outcome.reason })
  }
}
