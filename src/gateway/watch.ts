import type { Person } from '../model/person.ts'
import type { SessionEndReason } from '../model/session.ts'
import type { TerminalChannel } from './channel.ts'

/** Why somebody no longer watches: the session's own end, or theirs. */
export type WatchEnd = SessionEndReason | 'replaced' | 'too-slow' | 'left'

/** Somebody who watches a session. It ends once, whoever ends it. */
export type Watch = {
  readonly person: Person
  end(reason: Exclude<WatchEnd, 'left'>): void
  /** The browser is gone: there is nobody to tell why. */
  left(): void
}

/** Joins a session read-only. `ended` is called once, when it is over. */
export async function startWatch(
  to: {
    session: { watch(channel: TerminalChannel): Promise<() => void> }
    /** Those of this session that go on. */
    watches: Set<Watch>
    person: Person
    channel: TerminalChannel
  },
  ended: (reason: WatchEnd) => void,
): Promise<Watch> {
  const { watches, channel } = to
  let leave: (() => void) | undefined
  const over = (reason: WatchEnd): boolean => {
    if (!watches.delete(watch)) return false
    leave?.()
    ended(reason)
    return true
  }
  const end: Watch['end'] = (reason) => {
    if (over(reason)) channel.close(reason)
  }
  const watch: Watch = { person: to.person, end, left: () => void over('left') }
  watches.add(watch)
  try {
    leave = await to.session.watch({
      send: (bytes) => channel.send(bytes),
      say: (message) => channel.say(message),
      buffered: () => channel.buffered(),
      close: end,
    })
  } catch (error) {
    watch.left()
    throw error
  }
  if (!watches.has(watch)) leave()
  return watch
}
