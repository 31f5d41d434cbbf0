import type { Protocol } from './connection.ts'
import type { Scope } from './scope.ts'

/** Why a session ended; the WebSocket close code and the trail both carry it. */
export const sessionEndReasons = [
  'closed-by-person',
  'closed-by-target',
  'ended-by-operator',
  'access-ended',
  'instance-gone',
  'idle-limit',
  'absolute-limit',
  'recording-failed',
  'target-failed',
  'grace-expired',
  'node-lost',
  'node-stopping',
] as const
export type SessionEndReason = (typeof sessionEndReasons)[number]

/** One opened connection, live or over. Times are ms since 1970. */
export type Session = {
  id: string
  connectionId: string
  scope: Scope
  instanceId: string
  connectionName: string
  protocol: Protocol
  personId: string
  personName: string
  startedAt: number
  endedAt?: number
  endReason?: SessionEndReason
  /** Identity of the process that holds the SSH leg. */
  node: string
}
