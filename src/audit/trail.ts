import { type Clock, toIso } from '../kernel/clock.ts'
import { isCoded, reasonOf } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { AuditEvent, Trail } from '../model/audit-event.ts'
import { type ChainWriter, openChain } from './chain-writer.ts'
import { auditErrors } from './errors.ts'
import { openLogChain } from './log-chain.ts'
import type { LogGroup } from './log-group.ts'
import { type RecordBody, renderBody } from './record.ts'

export type TrailState = { writable: boolean; seq: number; reason?: string }

export type ChainedTrail = Trail & {
  state(): TrailState
  /** Called after each commit: sinks copy from the files. */
  onCommit(listener: () => void): void
  /** Resolves when nothing waits any more; what was recorded is then durable, or was refused. */
  flush(): Promise<void>
  close(): Promise<void>
}

type Waiting = { body: RecordBody; resolve: () => void; reject: (error: unknown) => void }

/** More records than this wait for the next sync: one write stays small. */
const MAX_BATCH = 1_000

type TrailOptions = { writer: string; clock: Clock; log: Log }

/** The trail of a process with a disk of its own. Records that wait together share one sync of it. */
export const openTrail = ({ directory, ...options }: TrailOptions & { directory: string }): Promise<ChainedTrail> =>
  startTrail(openChain(directory, options.writer), options)

/** The trail of a process without a lasting disk. Records that wait together share one call. */
export const openLogTrail = ({
  group,
  ...options
}: TrailOptions & { group: LogGroup; assertHeld?: () => void }): Promise<ChainedTrail> =>
  startTrail(openLogChain({ group, ...options }), options)

async function startTrail(opening: Promise<ChainWriter>, { clock, log }: TrailOptions): Promise<ChainedTrail> {
  const chain = await opening.catch((cause: unknown) => {
    throw unavailable(cause)
  })
  if (chain.healed > 0) log.warn({ bytes: chain.healed }, 'cut a torn last line off the trail')
  const listeners: (() => void)[] = []
  let waiting: Waiting[] = []
  let writing: Promise<void> | undefined
  let failure: string | undefined
  let closed = false

  const drain = async () => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MAX_BATCH)
      waiting = waiting.slice(MAX_BATCH)
      try {
        await chain.append(
          batch.map(({ body }) => body),
          toIso(clock.now()),
        )
        failure = undefined
        for (const { resolve } of batch) resolve()
        for (const listener of listeners) listener()
      } catch (cause) {
        if (failure === undefined) log.error({ reason: reasonOf(cause) }, 'the audit trail cannot be written')
        failure = reasonOf(cause)
        for (const { reject } of batch) reject(unavailable(cause))
      }
    }
    writing = undefined
  }

  return {
    async record(event: AuditEvent) {
      if (closed) throw auditErrors.AUDIT_UNAVAILABLE({ reason: 'the trail of this process is closed' })
      const body = renderBody(event)
      return new Promise((resolve, reject) => {
        waiting.push({ body, resolve, reject })
        writing ??= Promise.resolve().then(drain)
      })
    },
    state: () => ({ writable: failure === undefined, seq: chain.head.seq, ...(failure ? { reason: failure } : {}) }),
    onCommit: (listener) => void listeners.push(listener),
    async flush() {
      await writing
    },
    async close() {
      closed = true
      await writing
      await chain.close()
    },
  }
}

const unavailable = (cause: unknown) =>
  isCoded(cause) ? cause : auditErrors.AUDIT_UNAVAILABLE({ reason: reasonOf(cause) }, { cause })
