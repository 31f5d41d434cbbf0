import { resolve } from 'node:path'
import { createHeldTrail } from '../audit/held-trail.ts'
import { createLogSink, type LogSink } from '../audit/log-sink.ts'
import { openTrail, type TrailState } from '../audit/trail.ts'
import { createWriterNames } from '../audit/writer-names.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import type { Trail } from '../model/audit-event.ts'
import type { Store } from '../store/store.ts'
import { openLogGroup } from './audit-stores.ts'
import type { Loaded } from './load-config.ts'

export type NodeTrail = Trail & {
  state(): TrailState
  /** Keeps the writer's name of a node without a disk; returns at once elsewhere. */
  keep(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** A name is held for so long and taken again at a third of it: two rounds may fail. */
const HOLD_MS = 180_000

/** The trail of `serve`: in files, which a log group may follow; or in a log group alone. */
export async function openNodeTrail(options: {
  loaded: Loaded
  node: string
  store: Store
  clock: Clock
  log: Log
}): Promise<{ trail: NodeTrail; sink: LogSink | undefined }> {
  const { loaded, node, store, clock, log } = options
  const { audit } = loaded.config
  const group = audit.cloudWatchLogs && (await openLogGroup(loaded, audit.cloudWatchLogs.group))
  if (group && audit.cloudWatchLogs?.direct) {
    const held = createHeldTrail({ group, names: createWriterNames({ store, prefix: 'node', clock }), clock, log })
    await held.hold(HOLD_MS)
    const keep = async (signal: AbortSignal) => {
      while (!signal.aborted) {
        await clock.sleep(HOLD_MS / 3, signal).catch(() => undefined)
        await held.hold(HOLD_MS).catch((error: unknown) => log.error({ error }, 'the writer of the trail is not held'))
      }
    }
    return { trail: { ...held, keep }, sink: undefined }
  }
  const directory = resolve(loaded.folder, audit.directory)
  const files = await openTrail({ directory, writer: node, clock, log })
  const written = () => files.state().seq
  const sink = group && createLogSink({ directory, writer: node, written, onCommit: files.onCommit, group, clock, log })
  return { trail: { ...files, keep: async () => undefined }, sink }
}
