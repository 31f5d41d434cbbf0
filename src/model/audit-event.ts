import type { Scope } from './scope.ts'

/** Everything the trail knows how to say. One name a kind, `area.verb`. */
export const auditKinds = [
  'sign-in.succeeded',
  'sign-in.refused',
  'sign-out',
  'access.refused',
  'session.connected',
  'session.refused',
  'session.disconnected',
  'session.watched',
  'session.watch-ended',
  'session.ended',
  'host-key.pinned',
  'host-key.replaced',
  'host-key.refused',
  'recording.sealed',
  'recording.played',
  'recording.exported',
  'recording.missing',
  'discovery.added',
  'discovery.changed',
  'discovery.removed',
  'discovery.held-back',
  'discovery.account-gone',
  'discovery.region-gone',
  'discovery.malformed',
  'guacamole.connected',
  'guacamole.disconnected',
  'guacamole.signed-in',
  'guacamole.signed-out',
  'guacamole.history-gap',
  'guacamole.secret-stored',
  'tunnel.launched',
  'tunnel.connected',
  'tunnel.disconnected',
  'tunnel.ended',
  'configuration.loaded',
  'policies.changed',
  'policies.refused',
  'node.started',
  'node.stopped',
] as const
export type AuditKind = (typeof auditKinds)[number]

/** What a part of the product tells the trail; the writer adds version, sequence, chain and time. */
export type AuditEvent = {
  kind: AuditKind
  /** Who did it: a person id, or `system:<part>`. */
  actor: string
  /** What it was done to: connection id, session id, instance id, … */
  subject: string
  /** Formatted by the writer; absent for what has no account. */
  scope?: Scope
  session?: string
  /** `fact`: we or AWS saw it. `claim`: somebody told us. */
  source: 'fact' | 'claim'
  data?: Readonly<Record<string, unknown>>
}

/**
 * The trail as every other part sees it. Resolves when the record is durable in at least the local sink or spool;
 * rejects with AUDIT_UNAVAILABLE, and then the caller must not go on with what it was about to do.
 */
export type Trail = { record(event: AuditEvent): Promise<void> }
