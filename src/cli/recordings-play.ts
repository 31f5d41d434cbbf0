import { setTimeout as sleep } from 'node:timers/promises'
import { recordingErrors } from '../recording/errors.ts'
import { type Command, optionNumber } from './command.ts'
import { exitCodes } from './exit.ts'
import { openForReading } from './recordings-open.ts'
import { tellTrail } from './recordings-told.ts'

/** Replays in this terminal, at the pace it happened. Ctrl-C stops it. */
export const playRecording: Command = async (context) => {
  const recordings = await openForReading(context)
  const speed = optionNumber(context, 'speed') ?? 1
  const maxIdle = 1000 * (optionNumber(context, 'maxIdle') ?? 2)
  const id = context.args[0] ?? ''
  const { stream } = await recordings.facts(id)
  if (stream === 'guacamole') throw recordingErrors.RECORDING_IS_A_PICTURE({ id })
  await tellTrail(context, 'recording.played')
  let before = 0
  for await (const [ms, kind, data] of recordings.events(id)) {
    const pause = Math.min(ms - before, maxIdle) / speed
    before = ms
    if (pause > 1) await sleep(pause)
    if (kind === 'o') process.stdout.write(data)
    else if (kind === 'b') process.stdout.write(Buffer.from(data, 'base64'))
  }
  process.stdout.write('\u001b[0m\n')
  return exitCodes.ok
}
