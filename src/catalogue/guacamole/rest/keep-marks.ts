import * as z from 'zod'
import { guacamoleErrors } from '../errors.ts'
import { MARK, writeGroupMark } from '../mark.ts'
import type { MarkEntry, MarkedObject, MarkLedger } from '../mark-ledger.ts'
import { type Operation, patchDirectory } from './batch.ts'
import { TRIAL, unmarkedGroupName } from './read-tree.ts'
import type { RestSession } from './session.ts'

const marked = z.object({ attributes: z.record(z.string(), z.string().nullable()) })
const branch = marked.extend({ childConnections: z.array(marked).default([]) })

/**
 * Whether a mark stays on what it is put on, through what a person saves in the page. A habit of 1.6.0, promised by nobody:
 * tried on a group and a connection made for it, which are gone afterwards. `free`: a number that no unmarked group has.
 */
export async function marksStay(session: RestSession, free: number): Promise<boolean> {
  const data = `session/data/${await session.dataSource()}`
  const attributes = { [MARK]: writeGroupMark([]) }
  const one = async (directory: string, operation: Operation): Promise<string> => {
    const [outcome] = await patchDirectory(session, `${data}/${directory}`, [operation])
    if (outcome && 'identifier' in outcome) return outcome.identifier
    throw guacamoleErrors.GUACAMOLE_REFUSED({ what: 'a group to try marks on', reason: outcome?.reason ?? 'no answer' })
  }
  const group = { name: unmarkedGroupName(free), parentIdentifier: 'ROOT', type: 'ORGANIZATIONAL' }
  const groupId = await one('connectionGroups', { op: 'add', path: '/', value: { ...group, attributes: {} } })
  try {
    const connection = { name: TRIAL, parentIdentifier: groupId, protocol: 'ssh', parameters: {} }
    const id = await one('connections', { op: 'add', path: '/', value: { ...connection, attributes: {} } })
    for (const [directory, path, value] of [
      ['connectionGroups', groupId, { ...group, identifier: groupId }],
      ['connections', id, { ...connection, identifier: id }],
    ] as const) {
      await one(directory, { op: 'replace', path: `/${path}`, value: { ...value, attributes } })
      await session.call('PUT', `${data}/${directory}/${path}`, { ...value, attributes: {} })
    }
    const { body } = await session.call('GET', `${data}/connectionGroups/${groupId}/tree`)
    const seen = branch.safeParse(body).data
    const all = seen ? [seen, ...seen.childConnections] : []
    return all.length === 2 && all.every((object) => object.attributes[MARK] === attributes[MARK])
  } finally {
    await session.call('DELETE', `${data}/connectionGroups/${groupId}`)
  }
}

export type MarkKeeper = {
  /** Marks that Guacamole does not keep itself, by object. */
  elsewhere(): Promise<ReadonlyMap<MarkedObject, string>>
  /** Before the first mark is set. Throws GUACAMOLE_MARK_LOST where it would be kept nowhere. */
  prove(free: number): Promise<void>
  /** What was put on objects, or is to be known of those that have no mark yet. */
  record(entries: readonly MarkEntry[]): Promise<void>
}

/** Marks stay on the objects where Guacamole keeps them; else they are written down here. */
export function keepMarks({ session, ledger }: { session: RestSession; ledger?: MarkLedger | undefined }): MarkKeeper {
  let stay: boolean | undefined
  let known: ReadonlyMap<MarkedObject, string> = new Map()
  return {
    async elsewhere() {
      known = (await ledger?.read()) ?? known
      return known
    },
    async prove(free) {
      stay ??= await marksStay(session, free)
      if (!stay && !ledger?.write) throw guacamoleErrors.GUACAMOLE_MARK_LOST()
    },
    async record(entries) {
      const told = stay
        ? entries.flatMap(([object]) => (known.has(object) ? [[object, undefined] as const] : []))
        : entries
      if (told.length > 0) await ledger?.write?.(told)
    },
  }
}
