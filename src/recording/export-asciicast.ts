import type { RecordedEvent, SessionFacts } from './format.ts'

/**
 * asciicast v3 (docs.asciinema.org/manual/asciicast/v3): a header line, then `[seconds since the event before, code, data]`.
 * Bytes that are no UTF-8 become replacement characters: the format is text.
 */
export async function* exportAsciicast(
  facts: SessionFacts,
  events: AsyncIterable<RecordedEvent>,
): AsyncGenerator<string> {
  const header = {
    version: 3,
    term: { cols: facts.cols, rows: facts.rows, type: 'xterm-256color' },
    timestamp: Math.floor(facts.startedAt / 1000),
    title: facts.connectionName,
  }
  yield `${JSON.stringify(header)}\n`
  let before = 0
  for await (const [ms, kind, data] of events) {
    const interval = Math.max(0, ms - before) / 1000
    before = Math.max(before, ms)
    const text = kind === 'b' ? Buffer.from(data, 'base64').toString('utf8') : data
    const code = kind === 'b' ? 'o' : kind
    yield `${JSON.stringify([Number(interval.toFixed(3)), code, text])}\n`
  }
}
