import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Command, optionText } from './command.ts'
import { exitCodes } from './exit.ts'
import { openForReading } from './recordings-open.ts'
import { tellTrail } from './recordings-told.ts'

/** asciicast v3, to a file or to stdout. */
export const exportRecording: Command = async (context) => {
  const recordings = await openForReading(context)
  const lines = Readable.from(await recordings.asciicast(context.args[0] ?? ''))
  await tellTrail(context, 'recording.exported', { format: 'asciicast' })
  const file = optionText(context, 'output')
  if (file === undefined) for await (const line of lines) process.stdout.write(line)
  else await pipeline(lines, createWriteStream(file, { mode: 0o600 }))
  return exitCodes.ok
}
