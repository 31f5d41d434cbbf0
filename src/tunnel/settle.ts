import type { Engineer } from '../aws/engineer.ts'
import { askAws } from './ask-aws.ts'
import type { Journal, JournalEntry } from './journal.ts'
import { findLaunched, terminate } from './launch.ts'
import { type LeaseTrail, recordDisconnect, recordOnce } from './lease-trail.ts'
import type { LocalNetworkDoor } from './network-document.ts'

export type SettleParts = {
  engineer: Engineer
  journal: Journal
  door: LocalNetworkDoor
  trail: LeaseTrail
}

/**
 * Ends what this machine began and nobody holds any more: device and routes, the server, and the open record of its connection. The client's
 * key died with the process, so such a server is ended, never used again.
 */
export async function settle(parts: SettleParts, entry: JournalEntry, reason: string): Promise<string | undefined> {
  const { journal, door, trail } = parts
  const { lease, device } = entry
  if (device !== undefined) await door.apply({ action: 'down', device })
  const instanceId = await askAws('ec2:TerminateInstances', lease.scope.account, async () => {
    const ec2 = await parts.engineer.ec2(lease.scope, entry.role)
    const found = entry.instanceId ?? (await findLaunched(ec2, lease.id, entry.requests))
    if (found !== undefined) await terminate(ec2, found)
    return found
  })
  const common = { actor: lease.owner, subject: instanceId ?? lease.id, scope: lease.scope, session: lease.id } as const
  await recordDisconnect(trail, lease, { ...common, source: 'claim', data: { reason, synthesised: true } })
  await recordOnce(trail, lease, { ...common, kind: 'tunnel.ended', source: 'fact', data: { reason } })
  await journal.remove(lease.id)
  return instanceId
}
