import { besidesClosed, type Looking } from '../inventory/closed-accounts.ts'
import type { Directory } from '../inventory/directory.ts'
import { type Folded, foldHints, type Look, type Message } from '../inventory/fold-hints.ts'
import type { Clock } from '../kernel/clock.ts'
import { reasonOf } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import { unlessAborted } from '../kernel/unless-aborted.ts'
import type { Observation, Report } from '../model/observation.ts'
import type { DiscoveryCounts } from './counts.ts'

export type FollowDeps = {
  directory: Directory
  observer: Looking
  /** Applies what was seen, or carries it to who does. */
  report(report: Report): Promise<void>
  counts: DiscoveryCounts
  clock: Clock
  log: Log
}

/** An account that is not on the list may be new: the list is asked for again, but not more often than this. */
const ASK_AGAIN_MS = 60_000

/**
 * From a batch of messages to observations. Returns the ids of the messages to be tried again; never throws, and no message
 * holds up another: at the signal only what is not done by then comes again.
 */
export function createHintFollower(deps: FollowDeps) {
  const { directory, report, counts, clock, log } = deps
  const observer = besidesClosed(deps.observer, directory, clock)

  /** `unsure`: while the accounts cannot be listed nobody can say whether a message is about one of ours. */
  const fold = async (messages: readonly Message[]): Promise<Folded & { unsure: string[] }> => {
    const folded = foldHints(messages, directory)
    const unknown = folded.ignored.filter((one) => one.why === 'unknown-account').map((one) => one.id)
    const isCold = directory.refreshedAt() < 0
    const isNew = unknown.length > 0 && clock.now() - directory.refreshedAt() >= ASK_AGAIN_MS
    if (!isCold && !isNew) return { ...folded, unsure: [] }
    try {
      await directory.refresh()
      return { ...foldHints(messages, directory), unsure: [] }
    } catch (error) {
      log.warn({ reason: reasonOf(error), messages: unknown.length }, 'the accounts could not be listed')
      const ignored = folded.ignored.filter((one) => one.why !== 'unknown-account')
      return { ...folded, ignored, unsure: unknown }
    }
  }

  /** True when its messages may go. */
  const look = async ({ scope, ids, attempt, sweepId }: Look, signal?: AbortSignal): Promise<boolean> => {
    counts.hints += 1
    const seen = await (ids === 'all'
      ? observer.observeListing(scope, sweepId, signal)
      : observer.observeIds(scope, ids, signal))
    // Cut short by us, it says nothing about the scope.
    if (signal?.aborted) return false
    const accountName = directory.account(scope.account)?.name
    const observation: Observation = { ...seen, attempt, ...(accountName ? { accountName } : {}) }
    counts.observations += 1
    counts.incomplete += observation.complete ? 0 : 1
    await report({ observation })
    // A listing that failed comes again with the next sweep.
    return observation.complete || ids === 'all' || isByDesign(observation)
  }

  return async function follow(messages: readonly Message[], signal?: AbortSignal): Promise<string[]> {
    counts.messages += messages.length
    const { work, ignored, malformed, unsure } = await fold(messages)
    counts.ignored += ignored.length
    counts.malformed += malformed.length
    log.debug({ messages: messages.length, work: work.length, ignored, malformed: malformed.length }, 'messages came')
    const again = new Set<string>(unsure)
    const comeAgain = (ids: readonly string[]) => ids.forEach((id) => void again.add(id))
    const attempt = async (ids: readonly string[], doIt: () => Promise<boolean>) => {
      try {
        if (!(await unlessAborted(doIt(), signal))) comeAgain(ids)
      } catch (error) {
        log.warn({ reason: reasonOf(error), messages: ids.length }, 'messages could not be handled; they come again')
        comeAgain(ids)
      }
    }
    await Promise.all([
      ...malformed.map((one) => attempt([one.id], () => report({ malformed: one }).then(() => true))),
      ...work.map((one) => attempt(one.messages, () => look(one, signal))),
    ])
    return [...again]
  }
}

/** Denied, closed and disabled are states of the scope: asking again at once would not change them. */
const isByDesign = ({ reason }: Observation): boolean =>
  reason === 'denied' || reason === 'closed' || reason === 'disabled'
