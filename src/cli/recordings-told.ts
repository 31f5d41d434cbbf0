import { recordCommand } from '../config/command-trail.ts'
import type { CommandContext } from './command.ts'
import { loadFor } from './load-for.ts'

/** Before the first byte of a recording is shown, the trail says who asked for it. */
export async function tellTrail(
  context: CommandContext,
  kind: 'recording.played' | 'recording.exported',
  data: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const id = context.args[0] ?? ''
  if (context.options['offTheRecord'] === true) {
    process.stderr.write('enchilada: off the record: the trail is not told\n')
    return
  }
  await recordCommand(loadFor(context), { kind, subject: id, session: id, data })
}
