import { resolve } from 'node:path'
import { exportTrail } from '../audit/export-trail.ts'
import { auditStoresFor } from './audit-stores.ts'
import type { Command } from './command.ts'
import { exitCodes } from './exit.ts'

/** For a second verifier, and to hand over. */
export const exportAudit: Command = async (context) => {
  const copied = await exportTrail(await auditStoresFor(context), resolve(context.args[0] ?? ''))
  context.output.document(copied, () =>
    [
      `${copied.records} records in ${copied.trail}, ${copied.signed} checkpoints in ${copied.checkpoints}.`,
      `Another verifier: docs/verify/enchilada_verify.py --trail ${copied.trail} --checkpoints ${copied.checkpoints}`,
    ].join('\n'),
  )
  return exitCodes.ok
}
