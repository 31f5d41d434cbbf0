import type { Connection } from '../../model/connection.ts'
import type { Scope } from '../../model/scope.ts'
import type { Catalogue } from '../catalogue.ts'
import type { Refused } from './desire.ts'
import type { ConnectionMark } from './mark.ts'
import type { PlanLine } from './plan-lines.ts'

/** A connection without our mark. */
export type Stranger = {
  /** Guacamole's. */
  id: string
  name: string
  protocol: string
  hostname: string | undefined
  /** What guacscanner wrote on it. */
  instanceId: string | undefined
}

/** A connection with our mark, under Guacamole's id for it. */
export type OwnedConnection = Pick<ConnectionMark, 'id' | 'scope' | 'instance'> & { protocol: string }

/** An Apache Guacamole, by whichever way. */
export type Guacamole = Catalogue & {
  /** What `keepInStep` would do now. */
  plan(scope: Scope, wanted: readonly Connection[]): Promise<{ lines: PlanLine[]; refused: readonly Refused[] }>
  /** Connections that are not ours, and the ids (src/model/connection) of those that are. */
  strangers(): Promise<{ strangers: Stranger[]; held: ReadonlySet<string> }>
  /** By Guacamole's id: also those that wait for their deletion. */
  owned(): Promise<ReadonlyMap<string, OwnedConnection>>
  /** Marks strangers as ours; the next pass brings them in step, and they keep Guacamole's id, their history and their grants. */
  adopt(pairs: readonly { stranger: string; mark: ConnectionMark }[]): Promise<void>
  close(): Promise<void>
}

export type OpenSessions = {
  /** Connections (Guacamole's ids) that somebody is in, whose session Guacamole does not let us end. */
  staying: ReadonlySet<string>
  /** Why a node could not be asked: a session in any of the connections may go on there. */
  away?: string
}

/** Ends live sessions of connections (Guacamole's ids), because deleting a connection does not. Tells what goes on, and never rejects. */
export type CloseSessions = (connections: readonly string[]) => Promise<OpenSessions>
