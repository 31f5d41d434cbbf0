import { isHeld } from '../tunnel/journal.ts'
import type { Command } from './command.ts'
import { dnsInWords } from './dns-words.ts'
import { exitCodes } from './exit.ts'
import { table } from './output.ts'
import { ownJournal } from './own-journal.ts'

/** Tunnels of this machine, from its journal alone: no call, no privilege. */
export const tunnelStatus: Command = async (context) => {
  const { entries, torn } = await ownJournal().list()
  const tunnels = entries.map((entry) => ({
    lease: entry.lease.id,
    environment: entry.lease.environment,
    state: isHeld(entry) ? (entry.connectedAt === undefined ? 'opening' : 'open') : 'left behind',
    instanceId: entry.instanceId ?? null,
    endpoint: entry.endpoint ?? null,
    leased: entry.lease.leased,
    dns: entry.dns ?? null,
    until: entry.lease.until,
  }))
  context.output.document({ tunnels, torn }, () =>
    table(
      ['ENVIRONMENT', 'STATE', 'SERVER', 'NETWORKS', 'NAMES', 'UNTIL'],
      tunnels.map((one) => [
        one.environment,
        one.state,
        one.instanceId ?? '-',
        one.leased.join(' '),
        one.dns ? dnsInWords(one.dns) : '-',
        new Date(one.until).toISOString(),
      ]),
    ),
  )
  return exitCodes.ok
}
