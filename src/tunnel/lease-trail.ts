import type { AuditEvent, AuditKind, Trail } from '../model/audit-event.ts'
import type { Lease } from './lease.ts'

/** The trail of this machine. A crash may have come before or after any record: what is there is read, never guessed from notes. */
export type LeaseTrail = Trail & { has(lease: Begun, kind: AuditKind): Promise<boolean> }
type Begun = Pick<Lease, 'id' | 'startedAt'>

type Said = Omit<AuditEvent, 'kind'>

/** The one disconnect of a connect, whoever closes it and however often. */
export async function recordDisconnect(trail: LeaseTrail, lease: Begun, event: Said): Promise<void> {
  if (!(await trail.has(lease, 'tunnel.connected'))) return
  await recordOnce(trail, lease, { ...event, kind: 'tunnel.disconnected' })
}

export async function recordOnce(trail: LeaseTrail, lease: Begun, event: AuditEvent): Promise<void> {
  if (!(await trail.has(lease, event.kind))) await trail.record(event)
}
