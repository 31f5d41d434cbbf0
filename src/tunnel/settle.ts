import type { Engineer } from '../aws/engineer.ts'
import type { Clock } from '../kernel/clock.ts'
import { askAws } from './ask-aws.ts'
import type { Journal, JournalEntry } from './journal.ts'
import { findLaunched, type Launched, terminate } from './launch.ts'
import { type LeaseTrail, recordDisconnect, recordOnce } from './lease-trail.ts'
import type { LocalNetworkDoor } from './network-document.ts'

export type SettleParts = {
  engineer: Engineer
  journal: Journal
  door: LocalNetworkDoor
  trail: LeaseTrail
  clock: Clock
}

/**
 * Ends what this machine began and nobody holds any more: device and routes, the server, and the open record of its connection. The client's
 * key died with the process, so such a server is ended, never used again.
 */
export async function settle(parts: SettleParts, entry: JournalEntry, reason: string): Promise<string | undefined> {
  const { journal, door, trail, clock } = parts
  const { lease, device } = entry
  if (device !== undefined) await door.apply({ action: 'down', device })
  const instanceId = await askAws('ec2:TerminateInstances', lease.scope.account, async () => {
    const ec2 = await parts.engineer.ec2(lease.scope, entry.role)
    const found = serverOf(entry) ?? (await findLaunched(ec2, lease.id, entry.requests, clock))
    if (found !== undefined) await terminate(ec2, found, clock)
    return found?.instanceId
  })
  const common = { actor: lease.owner, subject: instanceId ?? lease.id, scope: lease.scope, session: lease.id } as const
  await recordDisconnect(trail, lease, { ...common, source: 'claim', data: { reason, synthesised: true } })
  await recordOnce(trail, lease, { ...common, kind: 'tunnel.ended', source: 'fact', data: { reason } })
  await journal.remove(lease.id)
  return instanceId
}

const serverOf = ({ instanceId, lease }: JournalEntry): Launched | undefined =>
  instanceId === undefined ? undefined : { instanceId, at: lease.startedAt }
