import { auditStoresFor } from './audit-stores.ts'
import type { Command } from './command.ts'
import { exitCodes } from './exit.ts'
import { openForReading } from './recordings-open.ts'

/** Seal, chain and slices; and that the seal is the one the trail names. */
export const verifyRecordingCommand: Command = async (context) => {
  const id = context.args[0] ?? ''
  const recordings = await openForReading(context)
  const trail = await auditStoresFor(context)
  const told = await trail.list({ kind: 'recording.sealed', subject: id }, { limit: 1 })
  const manifest = told.items[0]?.data?.['manifest']
  const found = await recordings.verify(id, typeof manifest === 'string' ? manifest : undefined)
  const inTrail = typeof manifest === 'string'
  context.output.document({ id, inTrail, ...found }, () =>
    [
      found.ok ? `${id} is what was recorded: ${found.slices} slices.` : `${id} is NOT what was recorded.`,
      ...(inTrail ? [] : ['The trail does not name its seal: an exchange as a whole could not be seen.']),
      ...found.faults.map((fault) => `  ${fault.file}: ${fault.message} (${fault.code})`),
    ].join('\n'),
  )
  return found.ok ? exitCodes.ok : exitCodes.failed
}
