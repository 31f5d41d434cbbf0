import * as z from 'zod'
import type { RestTree } from './read-tree.ts'
import type { RestSession } from './session.ts'

type Made = { kind: 'connection' | 'connectionGroup'; id: string }

const PERMISSIONS = ['READ', 'UPDATE', 'DELETE', 'ADMINISTER']
/** Objects a request: four removals each take the server a tenth of a second. */
const MOST = 250

const held = z.record(z.string(), z.array(z.string())).default({})
const own = z.object({ connectionPermissions: held, connectionGroupPermissions: held })

/**
 * Takes from an administrator the four permissions that Guacamole gives to whoever makes an object. They allow nothing that an
 * administrator may not do anyway, and every grant is slower with each row of their table. Only speed hangs on it.
 */
export async function dropCreatorRows(session: RestSession, made: readonly Made[]): Promise<void> {
  const path = `session/data/${await session.dataSource()}/self/permissions`
  for (let at = 0; at < made.length; at += MOST) {
    const operations = made
      .slice(at, at + MOST)
      .flatMap(({ kind, id }) =>
        PERMISSIONS.map((value) => ({ op: 'remove', path: `/${kind}Permissions/${id}`, value })),
      )
    if ((await session.call('PATCH', path, operations)).status >= 300) return
  }
}

/** The same for all of ours that still has such rows: what small passes and broken ones left. */
export async function tidyCreatorRows(session: RestSession, tree: RestTree): Promise<void> {
  const path = `session/data/${await session.dataSource()}/self/permissions`
  const rows = own.safeParse((await session.call('GET', path)).body).data
  if (!rows) return
  const ours = (kind: Made['kind'], objects: readonly { id: string; mark: unknown }[]) =>
    objects.flatMap(({ id, mark }) => (mark && rows[`${kind}Permissions`][id] ? [{ kind, id }] : []))
  await dropCreatorRows(session, [...ours('connection', tree.connections), ...ours('connectionGroup', tree.groups)])
}
