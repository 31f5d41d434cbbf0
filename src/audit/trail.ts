import { type Clock, toIso } from '../kernel/clock.ts'
import { reasonOf } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { AuditEvent, Trail } from '../model/audit-event.ts'
import { type ChainWriter, openChain } from './chain-writer.ts'
import { auditErrors } from './errors.ts'

export type TrailState = { writable: boolean; seq: number; reason?: string }

export type FileTrail = Trail & {
  state(): TrailState
  /** Called after each commit: sinks copy from the files. */
  onCommit(listener: () => void): void
  close(): Promise<void>
}

type Waiting = { event: AuditEvent; resolve: () => void; reject: (error: unknown) => void }

/** The trail of this process. Records that wait together share one sync of the disk. */
export async function openTrail(options: {
  directory: string
  writer: string
  clock: Clock
  log: Log
}): Promise<FileTrail> {
  const { clock, log } = options
  const chain: ChainWriter = await openChain(options.directory, options.writer).catch((cause) => {
    throw auditErrors.AUDIT_UNAVAILABLE({ reason: reasonOf(cause) }, { cause })
  })
  if (chain.healed > 0) log.warn({ bytes: chain.healed }, 'cut a torn last line off the trail')
  const listeners: (() => void)[] = []
  let waiting: Waiting[] = []
  let writing: Promise<void> | undefined
  let failure: string | undefined

  const drain = async () => {
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      try {
        await chain.append(
          batch.map(({ event }) => event),
          toIso(clock.now()),
        )
        failure = undefined
        for (const { resolve } of batch) resolve()
        for (const listener of listeners) listener()
      } catch (cause) {
        failure = reasonOf(cause)
        log.error({ reason: failure }, 'the audit trail cannot be written')
        const error = auditErrors.AUDIT_UNAVAILABLE({ reason: failure }, { cause })
        for (const { reject } of batch) reject(error)
      }
    }
    writing = undefined
  }

  return {
    record: (event) =>
      new Promise((resolve, reject) => {
        waiting.push({ event, resolve, reject })
        writing ??= Promise.resolve().then(drain)
      }),
    state: () => ({ writable: failure === undefined, seq: chain.head.seq, ...(failure ? { reason: failure } : {}) }),
    onCommit: (listener) => void listeners.push(listener),
    async close() {
      await writing
      await chain.close()
    },
  }
}
