import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../src/kernel/clock.ts'
import { openSigningKey } from '../../src/kernel/signing-key.ts'
import type { RecordedEvent, SessionFacts } from '../../src/recording/format.ts'
import { directoryFiles } from '../../src/recording/recording-files.ts'
import { openRecordings } from '../../src/recording/recordings.ts'
import { sealSlices } from '../../src/recording/seal.ts'
import { openSliceLog } from '../../src/recording/slice-log.ts'
import { createTextCutter } from '../../src/recording/text-cutter.ts'
import { type Row, row } from '../report.ts'
import type { Heard } from './real-session.ts'

/** Writes `heard` over and over until `durationMs` as the product's own recorder would have, but without waiting for the hours to pass. */
export async function writeLongRecording(options: {
  /** The product's data folder: recordings and signing key are in it. */
  data: string
  facts: SessionFacts
  heard: readonly Heard[]
  durationMs: number
}): Promise<{ bytes: number; slices: number }> {
  const { data, facts, heard, durationMs } = options
  const folder = join(data, 'recordings')
  mkdirSync(join(folder, facts.id), { recursive: true, mode: 0o700 })
  const files = directoryFiles(folder)
  await files.put(facts.id, 'session.json', Buffer.from(JSON.stringify(facts)))
  let now = facts.startedAt
  // Nothing is to be late here: what sleeps on this clock never wakes.
  const clock: Clock = { now: () => now, sleep: () => new Promise<void>(() => undefined) }
  const log = await openSliceLog({ files, folder: join(folder, facts.id), facts, clock })
  const round = (heard.at(-1)?.ms ?? 0) + 1_000
  let plain = 0
  for (let begun = 0; begun < durationMs; begun += round) {
    for (const { from, events } of bySecond(heard)) {
      now = facts.startedAt + begun + from + 1_000
      plain += events.reduce((sum, [, , text]) => sum + text.length, 0)
      await log.append(events.map(([ms, kind, text]): RecordedEvent => [Math.round(begun + ms), kind, text]))
    }
  }
  now = facts.startedAt + durationMs
  const slices = await log.close()
  const signer = await openSigningKey(join(data, 'signing.pem'))
  await sealSlices({ files, facts, slices, reason: 'closed-by-person', endedAt: now, signer })
  return { bytes: plain, slices: slices.length }
}

/** What came within a second is written at once. */
function bySecond(heard: readonly Heard[]): { from: number; events: RecordedEvent[] }[] {
  const cutter = createTextCutter()
  const seconds: { from: number; events: RecordedEvent[] }[] = []
  for (const { ms, bytes } of heard) {
    const from = Math.floor(ms / 1_000) * 1_000
    const cut = cutter.push(bytes)
    if (!cut) continue
    const last = seconds.at(-1)
    if (last?.from === from) last.events.push([ms, cut.kind, cut.data])
    else seconds.push({ from, events: [[ms, cut.kind, cut.data]] })
  }
  return seconds
}

/** What `serve` does behind every session that ends, before anybody asks for it. */
export async function benchIndex(data: string, id: string, size: string): Promise<Row> {
  const spool = join(data, 'recordings')
  const signer = await openSigningKey(join(data, 'signing.pem'))
  const recordings = openRecordings({ files: directoryFiles(spool), spool, signer, clock: systemClock })
  const begun = performance.now()
  await recordings.index(id)
  return row({
    name: `index of ${size}, made once when the session has ended`,
    unit: 'ms',
    value: performance.now() - begun,
  })
}
