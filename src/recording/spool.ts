import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isRecordingId } from './recording-files.ts'

/**
 * How much may wait on the local disk while a bucket is away: closed slices of all sessions together. Beyond it sessions end, because
 * what cannot be kept must not be shown.
 */
export type SpoolBudget = {
  /** False when there is no room for so many bytes more. */
  take(bytes: number): boolean
  give(bytes: number): void
  /** Bytes that wait. */
  held(): number
  readonly limit: number
}

export function createSpoolBudget(limit: number): SpoolBudget {
  let held = 0
  return {
    limit,
    take(bytes) {
      if (held + bytes > limit) return false
      held += bytes
      return true
    },
    give(bytes) {
      held -= bytes
    },
    held: () => held,
  }
}

/** Recordings with plain slices in the local folder: of live sessions, and of those that ended before everything was stored. */
export async function listSpooled(folder: string): Promise<string[]> {
  const found: string[] = []
  for (const id of (await readdir(folder).catch(() => [])).filter(isRecordingId).sort()) {
    const names = await readdir(join(folder, id)).catch(() => [])
    if (names.some((name) => name.endsWith('.part'))) found.push(id)
  }
  return found
}
