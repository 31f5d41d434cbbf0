import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Command, optionText } from './command.ts'
import { exitCodes } from './exit.ts'
import { openForReading } from './recordings-open.ts'
import { tellTrail } from './recordings-told.ts'

/** To a file or to stdout: asciicast v3, or what guacd wrote, which guacenc and Guacamole's own player read. */
export const exportRecording: Command = async (context) => {
  const recordings = await openForReading(context)
  const id = context.args[0] ?? ''
  const format = (await recordings.facts(id)).stream ?? 'asciicast'
  const lines = Readable.from(format === 'guacamole' ? recordings.guacamole(id) : await recordings.asciicast(id))
  await tellTrail(context, 'recording.exported', { format })
  const file = optionText(context, 'output')
  if (file === undefined) for await (const line of lines) process.stdout.write(line)
  else await pipeline(lines, createWriteStream(file, { mode: 0o600 }))
  return exitCodes.ok
}
