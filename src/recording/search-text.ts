import type { RecordedEvent, SessionFacts } from './format.ts'
import { createScreenReader } from './screen.ts'

export type TextHit = { ms: number; line: string }

const MOST = 200

/**
 * Where a text first stood on the screen. The terminal is drawn as it was, so that what a person could read is found,
 * also when it came in pieces between colours; looked at each time the output pauses or a second has passed.
 */
export async function searchText(
  facts: Pick<SessionFacts, 'cols' | 'rows'>,
  events: AsyncIterable<RecordedEvent>,
  wanted: string,
): Promise<{ hits: TextHit[]; truncated: boolean }> {
  const needle = wanted.toLowerCase()
  const reader = createScreenReader(facts.cols, facts.rows, { scrollback: 5_000 })
  const hits: TextHit[] = []
  let standing = new Map<string, number>()
  let lookedAt = Number.NEGATIVE_INFINITY
  let last: number | undefined
  const look = (ms: number) => {
    const now = new Map<string, number>()
    for (const line of reader.lines()) {
      if (!line.toLowerCase().includes(needle)) continue
      const count = (now.get(line) ?? 0) + 1
      now.set(line, count)
      if (count > (standing.get(line) ?? 0) && hits.length <= MOST) hits.push({ ms, line: line.trim().slice(0, 300) })
    }
    standing = now
    lookedAt = ms
  }
  try {
    for await (const event of events) {
      await reader.feed([event])
      last = event[0]
      if (event[0] - lookedAt >= 1_000) look(event[0])
    }
    if (last !== undefined) look(last)
  } finally {
    reader.dispose()
  }
  return { hits: hits.slice(0, MOST), truncated: hits.length > MOST }
}
