import { auditStoresFor } from './audit-stores.ts'
import type { Command } from './command.ts'
import { exitCodes } from './exit.ts'

/** Names the first bad record; exit 1 when there is one. */
export const verifyAudit: Command = async (context) => {
  const stores = await auditStoresFor(context)
  const found = await stores.verify()
  context.output.document(found, () =>
    [
      found.ok ? `${found.records} records are what was written.` : 'The trail is NOT what was written.',
      found.coveredUntil
        ? `Signed until ${found.coveredUntil}; what is younger is chained, not yet signed.`
        : 'Nothing is signed.',
      ...found.faults.map(
        (fault) =>
          `  ${fault.file}:${fault.line} record ${fault.seq} of ${fault.writer}: ${fault.message} (${fault.code})`,
      ),
    ].join('\n'),
  )
  return found.ok ? exitCodes.ok : exitCodes.failed
}
