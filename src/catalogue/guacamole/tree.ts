import type { ConnectionMark, GroupMark } from './mark.ts'

/** What a connection should be, all that Guacamole can hold of it. */
export type Desired = {
  /** Ours (src/model/connection), not Guacamole's. */
  id: string
  scope: string
  instanceId: string
  /** From the owned group at the root, outermost first. */
  path: readonly string[]
  name: string
  protocol: string
  /** guacd-hostname and its like; what we do not name stays as it is. */
  attributes: Readonly<Record<string, string>>
  parameters: Readonly<Record<string, string>>
  /** User groups that may see and open it, sorted. */
  readers: readonly string[]
  /** Guacamole cannot hold it: none is made, and one that is there stays as it is, because its instance is no less there. */
  refused?: true
}

/** A connection group as Guacamole holds it; `parent` is absent at ROOT. */
export type HeldGroup = {
  id: string
  parent: string | undefined
  name: string
  mark: GroupMark | undefined
  /** Connections directly in it, anybody's. */
  connections: number
  /** Readers that really hold READ, where that could be read in bulk. */
  granted?: readonly string[]
}

export type HeldConnection = {
  id: string
  parent: string | undefined
  name: string
  protocol: string
  mark: ConnectionMark | undefined
  attributes: Readonly<Record<string, string>>
  /** Where they could be read in bulk. */
  parameters?: Readonly<Record<string, string>>
  granted?: readonly string[]
}

/** `connections`: at least those of the scope, and all that stand in a group the scope touches. */
export type HeldTree = { groups: readonly HeldGroup[]; connections: readonly HeldConnection[] }

/** Guacamole's columns and REST's limit. */
export const NAME_LENGTH = 128
export const VALUE_LENGTH = 4096

/** Names that a database may take for one: case, accents and ß do not count in MySQL's default collation. */
export const fold = (name: string): string =>
  name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replaceAll('ß', 's').trimEnd()
