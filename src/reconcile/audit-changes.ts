import type { AuditEvent } from '../model/audit-event.ts'
import type { Scope } from '../model/scope.ts'
import type { Known, Plan } from './plan.ts'

/** What the trail is told of a plan: instances that came, changed for access, and went. */
export function auditOf(scope: Scope, before: ReadonlyMap<string, Known>, plan: Plan): AuditEvent[] {
  const base = { actor: 'system:discovery', scope, source: 'fact' } as const
  const events: AuditEvent[] = []
  for (const { instance } of plan.put) {
    const known = before.get(instance.id)?.instance
    const data = { state: instance.state, address: instance.privateIp, name: instance.tags['Name'] }
    if (!known) events.push({ ...base, kind: 'discovery.added', subject: instance.id, data })
    else if (
      known.state !== instance.state ||
      known.privateIp !== instance.privateIp ||
      known.tags['Name'] !== instance.tags['Name']
    ) {
      events.push({ ...base, kind: 'discovery.changed', subject: instance.id, data })
    }
  }
  for (const { known, why } of plan.ended) {
    if (before.has(known.instance.id)) {
      events.push({ ...base, kind: 'discovery.removed', subject: known.instance.id, data: { why } })
    }
  }
  if (plan.heldBack.length > 0) {
    const data = { count: plan.heldBack.length, first: plan.heldBack.slice(0, 20) }
    events.push({ ...base, kind: 'discovery.held-back', subject: 'removals by absence', data })
  }
  return events
}
