import pLimit from 'p-limit'
import { isCoded, reasonOf } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { Recordings } from './recordings.ts'

/** Makes the index of a recording when its session has ended, so that whoever opens it first does not wait for eight hours to be drawn. */
export type IndexAhead = {
  /** Something happened to this session; those that go on are left alone. */
  look(id: string): void
  /** Resolves when nothing is being made any more. */
  idle(): Promise<void>
}

export function createIndexAhead({ recordings, log }: { recordings: Pick<Recordings, 'index'>; log: Log }): IndexAhead {
  // One at a time: sessions that end together must not take the processor from those that go on.
  const inTurn = pLimit(1)
  const make = async (id: string) => {
    try {
      await recordings.index(id)
    } catch (error) {
      // What cannot be indexed says so to whoever opens it; a session of another node is indexed there.
      if (!isCoded(error)) log.warn({ session: id, reason: reasonOf(error) }, 'a recording has no index yet')
    }
  }
  return {
    look: (id) => void inTurn(make, id),
    idle: () => inTurn(async () => undefined),
  }
}
