import canonicalize from 'canonicalize'
import * as z from 'zod'
import { type Signer, verifierOf } from '../kernel/signer.ts'
import { INDEX, indexSchema, type Manifest, type RecordedEvent, type RecordingIndex } from './format.ts'
import { readAhead } from './read-ahead.ts'
import { readManifest, readSliceEvents } from './reader.ts'
import type { RecordingFiles } from './recording-files.ts'
import { createScreenReader } from './screen.ts'

/** A player starts at the nearest screen before the wanted time: at most so much and a slice are replayed unseen. */
const SCREEN_EVERY_MS = 60_000
/** Of a minute with more output, only the end is drawn: half a megabyte scrolls everything before it away. */
const DRAWN_BYTES = 512 * 1024

const signedIndexSchema = indexSchema.extend({ manifest: z.string(), key: z.string(), sig: z.string() })

/**
 * The index of a sealed recording, made once and kept beside it. It is derived, so verification never reads it; it is signed, so that
 * nobody shows an auditor a screen that never was. Undefined while the session goes on.
 */
export async function readIndex(
  files: RecordingFiles,
  id: string,
  signer: Signer,
): Promise<RecordingIndex | undefined> {
  const manifest = await readManifest(files, id)
  if (!manifest) return undefined
  const kept = await files.get(id, INDEX)
  const known = kept ? await openIndex(kept, manifest, signer) : undefined
  if (known) return known
  const index = await buildIndex(files, id, manifest)
  const body = { ...index, manifest: manifest.sig, key: signer.key }
  const sig = Buffer.from(await signer.sign(Buffer.from(canonicalize(body) ?? ''))).toString('base64')
  // Losing it costs only time: a full disk must not keep anybody from watching.
  await files.replace(id, INDEX, Buffer.from(JSON.stringify({ ...body, sig }))).catch(() => undefined)
  return index
}

async function openIndex(bytes: Buffer, manifest: Manifest, signer: Signer): Promise<RecordingIndex | undefined> {
  try {
    const { sig, ...body } = signedIndexSchema.parse(JSON.parse(bytes.toString('utf8')))
    const genuine = verifierOf(await signer.publicKey())(
      Buffer.from(canonicalize(body) ?? ''),
      Buffer.from(sig, 'base64'),
    )
    return genuine && body.manifest === manifest.sig ? indexSchema.parse(body) : undefined
  } catch {
    return undefined
  }
}

async function buildIndex(files: RecordingFiles, id: string, manifest: Manifest): Promise<RecordingIndex> {
  const { session, slices } = manifest
  const bare = {
    durationMs: manifest.endedAt - session.startedAt,
    slices: slices.map(({ n, fromMs, toMs }) => ({ n, fromMs, toMs })),
  }
  // Its player draws from the beginning, and remembers pictures by itself.
  if (session.stream === 'guacamole') return { ...bare, screens: [] }
  const reader = createScreenReader(session.cols, session.rows)
  const screens: RecordingIndex['screens'] = []
  let minute: RecordedEvent[] = []
  let next = SCREEN_EVERY_MS
  try {
    const events = readAhead(slices, async (slice) => ({ ...slice, events: await readSliceEvents(files, id, slice.n) }))
    for await (const { n, fromMs, events: ofSlice } of events) {
      if (fromMs >= next) {
        await reader.feed(minute)
        minute = []
        screens.push({ ms: fromMs, slice: n, ...reader.screen() })
        next = fromMs + SCREEN_EVERY_MS
      }
      minute = lastBytes(minute.concat(ofSlice))
    }
  } finally {
    reader.dispose()
  }
  return { ...bare, screens }
}

/** The last events that make up DRAWN_BYTES, and every change of size before them. */
function lastBytes(events: RecordedEvent[]): RecordedEvent[] {
  let size = 0
  let begin = events.length
  while (begin > 0 && size < DRAWN_BYTES) {
    begin -= 1
    size += events[begin]?.[2].length ?? 0
  }
  return begin === 0 ? events : [...events.slice(0, begin).filter(([, kind]) => kind === 'r'), ...events.slice(begin)]
}
