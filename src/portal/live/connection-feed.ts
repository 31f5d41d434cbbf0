import { reasonOf } from '../../kernel/errors.ts'
import type { PortalDeps } from '../ports.ts'
import { readConnections, visibleIds } from '../queries/connections.ts'
import type { Outbox } from './outbox.ts'

/** Changes that come within this time go out together. */
const GATHER_MS = 100

/**
 * Tells browsers of connections that came, changed or went, cut to what each may see. People who may see the same share
 * one set of ids, so that a notice costs one query for each such set and not one for each browser.
 */
export type ConnectionFeed = {
  /** `readers`: keys of `visibility`. Returns how to leave. */
  follow(readers: readonly string[], outbox: Outbox): Promise<() => void>
  close(): void
}

type Audience = { readers: readonly string[]; visible: Promise<Set<string>>; outboxes: Set<Outbox> }

export function createConnectionFeed(deps: Pick<PortalDeps, 'store' | 'access' | 'log'>): ConnectionFeed {
  const { store, access, log } = deps
  const audiences = new Map<string, Audience>()
  let changed = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let telling: Promise<void> = Promise.resolve()

  const tell = async () => {
    const ids = [...changed]
    changed = new Set()
    // A connection of a new kind is visible only when the policies have been asked about that kind.
    await access.connectionsChanged()
    for (const { readers, visible, outboxes } of audiences.values()) {
      const before = await visible
      const rows = await readConnections(store.db, readers, ids)
      const now = new Set(rows.map((row) => row.id))
      const removed = ids.filter((id) => before.has(id) && !now.has(id))
      for (const id of removed) before.delete(id)
      for (const id of now) before.add(id)
      if (rows.length === 0 && removed.length === 0) continue
      for (const outbox of outboxes) outbox.push({ event: 'catalogue', data: { changed: rows, removed } })
    }
  }

  const stop = store.notify.subscribe('catalogue', ({ connectionIds, removedIds }) => {
    for (const id of [...connectionIds, ...removedIds]) changed.add(id)
    timer ??= setTimeout(() => {
      timer = undefined
      telling = telling.then(tell).catch((error: unknown) => {
        log.error({ reason: reasonOf(error) }, 'changes of the list could not be read: browsers read it anew')
        for (const { outboxes } of audiences.values()) {
          for (const outbox of outboxes) outbox.push({ event: 'reset', data: {} })
        }
      })
    }, GATHER_MS)
  })

  return {
    async follow(readers, outbox) {
      const key = readers.join('\n')
      const audience = audiences.get(key) ?? { readers, visible: visibleIds(store.db, readers), outboxes: new Set() }
      audiences.set(key, audience)
      audience.outboxes.add(outbox)
      const leave = () => {
        audience.outboxes.delete(outbox)
        if (audience.outboxes.size === 0 && audiences.get(key) === audience) audiences.delete(key)
      }
      await audience.visible.catch((error: unknown) => {
        leave()
        throw error
      })
      return leave
    },
    close() {
      clearTimeout(timer)
      stop()
    },
  }
}
