/** An event as CloudWatch Logs takes it; `at` is ms since 1970, `message` one record's line. */
export type LogEvent = { at: number; message: string }
export type StoredEvent = LogEvent & { ingestedAt: number }

/** One log group, a stream a writer. What fails is coded: AUDIT_SINK_… */
export type LogGroup = {
  readonly name: string
  streams(): Promise<string[]>
  /** Oldest first, from that time on; nothing when there is no such stream. */
  read(stream: string, from?: number): AsyncIterable<StoredEvent>
  /** Newest first, up to and with that time. */
  readBack(stream: string, until?: number): AsyncIterable<StoredEvent>
  /**
   * One call of PutLogEvents: a batch as `batchEvents` makes it. Makes the stream when it is not there. Rejects with
   * AUDIT_SINK_UNSURE when nobody knows whether the events arrived: the tail tells.
   */
  put(stream: string, batch: readonly LogEvent[]): Promise<void>
}

/** Limits of PutLogEvents (CloudWatch Logs API reference): bytes with 26 for each event, events, and from first to last. */
export const BATCH_LIMITS = { bytes: 1_048_576, eventBytes: 26, events: 10_000, spanMs: 86_400_000 } as const

/** In order, each within the limits of one call. */
export function* batchEvents(events: Iterable<LogEvent>): Generator<LogEvent[]> {
  let batch: LogEvent[] = []
  let bytes = 0
  for (const event of events) {
    const size = Buffer.byteLength(event.message) + BATCH_LIMITS.eventBytes
    const full = bytes + size > BATCH_LIMITS.bytes || batch.length >= BATCH_LIMITS.events
    if (batch[0] && (full || event.at - batch[0].at >= BATCH_LIMITS.spanMs)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(event)
    bytes += size
  }
  if (batch.length > 0) yield batch
}

/** What is older than 14 days is refused; a day is left for the clock and the way. */
const OLDEST_MS = 13 * 86_400_000

/**
 * The time of an event: the record's own, so that both sort alike, but never what the service would refuse, nor before that of the
 * record before it.
 */
export const eventTime = (recordAt: string, now: number, before: number): number =>
  Math.max(before, Math.min(now, Math.max(Date.parse(recordAt), now - OLDEST_MS)))
