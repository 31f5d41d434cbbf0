import { reasonOf } from '../kernel/errors.ts'
import type { RecordedEvent } from '../recording/format.ts'
import { createFrameCutter, type Frame } from '../recording/guacamole-frames.ts'
import { shipErrors } from './errors.ts'
import { openRecorded, type RecordedFile } from './recording-folder.ts'

const CHUNK_BYTES = 64 * 1024

/**
 * What guacd wrote as events of a recording; of half an instruction at the end only a remark stays. The first `sync` is time 0.
 * Rejects with SHIP_NOT_A_RECORDING, and with the signal's reason.
 */
export async function* recordedEvents(file: RecordedFile, signal?: AbortSignal): AsyncGenerator<RecordedEvent> {
  const cutter = createFrameCutter()
  let begin: number | undefined
  let ms = 0
  const eventOf = ({ text, at }: Frame): RecordedEvent => {
    begin ??= at
    // guacd's clock may be set back; ours never falls.
    ms = Math.max(ms, Math.round((at ?? 0) - (begin ?? at ?? 0)))
    return [ms, 'g', text]
  }
  for await (const bytes of chunksOf(file)) {
    signal?.throwIfAborted()
    yield* pushed(file, () => cutter.push(bytes)).map(eventOf)
  }
  const { frame, torn } = pushed(file, () => cutter.rest())
  if (frame) yield eventOf(frame)
  if (torn > 0) yield [ms, 'm', `the last ${torn} bytes were half an instruction`]
}

/** ms from the first `sync` to the last. guacd's clock counts from the start of its machine, so it says no more than that. */
export async function drawnFor(file: RecordedFile): Promise<number> {
  let until = 0
  for await (const [ms] of recordedEvents(file)) until = ms
  return until
}

/** No more than was there when the file was listed: what comes later makes it another file. */
async function* chunksOf({ path, size }: RecordedFile): AsyncGenerator<Uint8Array> {
  const file = await openRecorded(path)
  try {
    for (let at = 0; at < size; ) {
      const length = Math.min(CHUNK_BYTES, size - at)
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
      at += bytesRead
    }
  } finally {
    await file.close()
  }
}

function pushed<T>({ path }: RecordedFile, cut: () => T): T {
  try {
    return cut()
  } catch (cause) {
    throw shipErrors.SHIP_NOT_A_RECORDING({ file: path, reason: reasonOf(cause) }, { cause })
  }
}
