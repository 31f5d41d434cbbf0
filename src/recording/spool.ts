import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isRecordingId } from './recording-files.ts'

/**
 * How much may wait on the local disk while a bucket is away: closed slices of all sessions together, those of ended ones too. Beyond it
 * sessions end, because what cannot be kept must not be shown.
 */
export type SpoolBudget = {
  /** False when there is no room for so many bytes more: slice `n` of a recording. */
  take(id: string, n: number, bytes: number): boolean
  /** The slice waits no more. May be said twice: a session's last try may end after its recording was sealed without it. */
  give(id: string, n: number): void
  /** Nothing of the recording waits any more. */
  giveAll(id: string): void
  /** Bytes that wait. */
  held(): number
  readonly limit: number
}

export function createSpoolBudget(limit: number): SpoolBudget {
  const waiting = new Map<string, Map<number, number>>()
  let held = 0
  return {
    limit,
    take(id, n, bytes) {
      if (held + bytes > limit) return false
      held += bytes
      waiting.set(id, (waiting.get(id) ?? new Map()).set(n, bytes))
      return true
    },
    give(id, n) {
      const slices = waiting.get(id)
      held -= slices?.get(n) ?? 0
      slices?.delete(n)
      if (slices?.size === 0) waiting.delete(id)
    },
    giveAll(id) {
      for (const bytes of waiting.get(id)?.values() ?? []) held -= bytes
      waiting.delete(id)
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
