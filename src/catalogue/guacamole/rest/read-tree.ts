import * as z from 'zod'
import { guacamoleErrors } from '../errors.ts'
import { type ConnectionMark, MARK, readConnectionMark, readGroupMark } from '../mark.ts'
import type { MarkedObject } from '../mark-ledger.ts'
import type { HeldConnection, HeldGroup } from '../tree.ts'
import type { RestSession } from './session.ts'

const attributes = z.record(z.string(), z.string().nullable()).default({})
const connectionSchema = z.object({
  name: z.string(),
  identifier: z.string(),
  protocol: z.string(),
  attributes,
})
const groupSchema = z.object({
  name: z.string(),
  identifier: z.string(),
  type: z.string(),
  attributes,
  get childConnectionGroups() {
    return z.array(groupSchema).default([])
  },
  childConnections: z.array(connectionSchema).default([]),
})
type GroupNode = z.infer<typeof groupSchema>

/** A group as REST wants it back: whole. */
export type RestGroup = HeldGroup & { type: string; attributes: Readonly<Record<string, string>> }
export type RestTree = {
  groups: RestGroup[]
  connections: HeldConnection[]
  /** Read by an administrator. */
  seesAll: boolean
}

/**
 * What is made by REST gets its mark with a second request. Until then it has a name that says the same, so that what a
 * crash left in between is found again.
 */
export const unmarkedName = (id: string, scope: string): string => `enchilada ${id} ${scope}`
const UNMARKED_CONNECTION = /^enchilada ([0-9a-f]{20}) (\S+)$/
export const unmarkedGroupName = (at: number): string => `enchilada new group ${at}`
const UNMARKED_GROUP = /^enchilada new group (\d+)$/
/** Made to try marks on, in such a group, and deleted with it. What a crash left of it is nothing, so that its group is empty. */
export const TRIAL = 'enchilada check'
const connectionsIn = ({ name, childConnections }: GroupNode) =>
  UNMARKED_GROUP.test(name) ? childConnections.filter((one) => one.name !== TRIAL) : childConnections
/** The first number that no unmarked group has: what a crash left is pruned only at the end of a pass. */
export const unmarkedGroupNumber = ({ groups }: Pick<RestTree, 'groups'>): number =>
  1 + Math.max(-1, ...groups.map(({ name }) => Number(UNMARKED_GROUP.exec(name)?.[1] ?? -1)))

const permissions = z.object({ systemPermissions: z.array(z.string()) })

/** Whether the account sees what others made; only an administrator does. */
export async function seesEverything(session: RestSession): Promise<boolean> {
  const path = `session/data/${await session.dataSource()}/self/effectivePermissions`
  const given = permissions.safeParse((await session.call('GET', path)).body)
  return given.data?.systemPermissions.includes('ADMINISTER') ?? false
}

type Reading = {
  /** Where the account does not see everything, no group counts as empty. */
  seesAll: boolean
  /** Marks that are kept elsewhere, by object. */
  marks?: ReadonlyMap<MarkedObject, string>
}

/** The whole tree, in one call. */
export async function readTree(session: RestSession, { seesAll, marks = new Map() }: Reading): Promise<RestTree> {
  const path = `session/data/${await session.dataSource()}/connectionGroups/ROOT/tree`
  const { status, body } = await session.call('GET', path)
  const root = groupSchema.safeParse(body)
  if (status !== 200 || !root.success) {
    throw guacamoleErrors.GUACAMOLE_UNREACHABLE({ reason: `the tree could not be read (status ${status})` })
  }
  const tree: RestTree = { groups: [], connections: [], seesAll }
  const walk = (node: GroupNode, id: string | undefined, ours: boolean) => {
    for (const child of connectionsIn(node)) {
      const kept = withoutNulls(child.attributes)
      tree.connections.push({
        id: child.identifier,
        parent: id,
        name: child.name,
        protocol: child.protocol,
        mark:
          readConnectionMark(marks.get(`connection ${child.identifier}`) ?? kept[MARK]) ??
          (ours ? markFromName(child.name) : undefined),
        attributes: kept,
      })
    }
    for (const child of node.childConnectionGroups) {
      const kept = withoutNulls(child.attributes)
      const unmarked = UNMARKED_GROUP.test(child.name)
        ? { v: 1 as const, group: true as const, readers: [] }
        : undefined
      const mark = readGroupMark(marks.get(`connectionGroup ${child.identifier}`) ?? kept[MARK]) ?? unmarked
      tree.groups.push({
        id: child.identifier,
        parent: id,
        name: child.name,
        mark,
        connections: connectionsIn(child).length + (seesAll ? 0 : 1),
        type: child.type,
        attributes: kept,
      })
      walk(child, child.identifier, mark !== undefined)
    }
  }
  walk(root.data, undefined, false)
  return tree
}

function markFromName(name: string): ConnectionMark | undefined {
  const [, id, scope] = UNMARKED_CONNECTION.exec(name) ?? []
  return id && scope ? { v: 1, scope, instance: '', id, content: '', readers: [] } : undefined
}

const withoutNulls = (record: Readonly<Record<string, string | null>>): Record<string, string> =>
  Object.fromEntries(Object.entries(record).flatMap(([name, value]) => (value ? [[name, value]] : [])))
