import type { InStep } from '../catalogue/catalogue.ts'
import type { Store } from '../store/store.ts'

/** What changed in one scope. */
export type ScopeChange = { scope: string; changes: InStep; ended: readonly string[]; records: number }

export type TellChanges = {
  /** After the commit: what is told is true. What is lost by a crash here, readers find by reading. */
  change(change: ScopeChange): Promise<void>
  /** Records wait in the outbox. */
  records(count: number): Promise<void>
}

export type TellDeps = {
  store: Store
  /** The caller moves its records into the trail itself: others are not called to it. */
  hasOwnTrail?: boolean
  /** Tells whoever keeps another catalogue in step and hears no notices. When it fails, so does what is told, and comes again. */
  tellFollower?: ((scope: string) => Promise<void>) | undefined
}

export function createTeller({ store, hasOwnTrail, tellFollower }: TellDeps): TellChanges {
  const records = async (count: number) => {
    if (count > 0 && !hasOwnTrail) await store.notify.publish('trail-outbox', { records: count })
  }
  return {
    records,
    async change({ scope, changes, ended, records: count }) {
      if (changes.put.length > 0 || changes.removed.length > 0) {
        await store.notify.publish('catalogue', { connectionIds: [...changes.put], removedIds: [...changes.removed] })
      }
      for (const instanceId of ended) await store.notify.publish('instance-gone', { scope, instanceId })
      await store.notify.publish('scope', { scope })
      await records(count)
      await tellFollower?.(scope)
    },
  }
}
