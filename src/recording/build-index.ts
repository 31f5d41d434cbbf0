import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeDurably } from '../kernel/durable-file.ts'
import { INDEX, indexSchema, type Manifest, type RecordingIndex } from './format.ts'
import { readManifest, readSliceEvents } from './reader.ts'
import { createScreenReader } from './screen.ts'

/** A player starts at the nearest screen before the wanted time: at most so much is replayed unseen. */
const SCREEN_EVERY_MS = 60_000

/** The index of a sealed recording, made at the first question and kept beside it. It is derived: verification never reads it. */
export async function readIndex(folder: string): Promise<RecordingIndex | undefined> {
  const path = join(folder, INDEX)
  if (existsSync(path)) return indexSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  const manifest = await readManifest(folder)
  if (!manifest) return undefined
  const index = await buildIndex(folder, manifest)
  // Losing it costs only time: a full disk must not keep anybody from watching.
  await writeDurably(path, JSON.stringify(index)).catch(() => undefined)
  return index
}

async function buildIndex(folder: string, manifest: Manifest): Promise<RecordingIndex> {
  const { session, slices } = manifest
  const reader = createScreenReader(session.cols, session.rows)
  const screens: RecordingIndex['screens'] = []
  let next = SCREEN_EVERY_MS
  try {
    for (const { n, fromMs } of slices) {
      if (fromMs >= next) {
        screens.push({ ms: fromMs, slice: n, ...reader.screen() })
        next = fromMs + SCREEN_EVERY_MS
      }
      await reader.feed(await readSliceEvents(folder, n))
    }
  } finally {
    reader.dispose()
  }
  return {
    durationMs: manifest.endedAt - session.startedAt,
    slices: slices.map(({ n, fromMs, toMs }) => ({ n, fromMs, toMs })),
    screens,
  }
}
