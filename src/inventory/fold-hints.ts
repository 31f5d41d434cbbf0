import type { Hint } from '../model/hint.ts'
import { formatScope } from '../model/scope.ts'
import type { Directory } from './directory.ts'
import { readEvent } from './events/read-event.ts'

export type Message = { id: string; body: string }

/** One look at AWS, and the messages that it settles. */
export type Look = Pick<Hint, 'scope' | 'ids' | 'attempt' | 'sweepId'> & { messages: string[] }

/** A batch as work: per scope the ids to look up, or all of it. */
export type Folded = {
  work: Look[]
  /** Acknowledged without work, counted. */
  ignored: { id: string; why: 'unknown-event' | 'unknown-account' | 'other-region' | 'no-instances' }[]
  malformed: { id: string; reason: string }[]
}

/** Asked for in one look, so that what answers it and what is asked again stay far below the size of a message. */
const IDS_A_LOOK = 1_000

type Known = Pick<Directory, 'account' | 'scopeOf'>

/** Many events about few instances become one look-up per scope and attempt. */
export function foldHints(messages: readonly Message[], directory: Known): Folded {
  const folded: Folded = { work: [], ignored: [], malformed: [] }
  const byKey = new Map<string, Folded['work'][number]>()
  for (const { id, body } of messages) {
    const reading = readEvent(body)
    if (reading.kind === 'malformed') folded.malformed.push({ id, reason: reading.reason })
    else if (reading.kind === 'unknown') folded.ignored.push({ id, why: 'unknown-event' })
    else {
      const hint = reading.kind === 'ours' ? reading.hint : hintOf(reading, directory)
      if (!hint)
        folded.ignored.push({ id, why: reading.kind === 'event' ? whyNot(reading, directory) : 'unknown-event' })
      else add(byKey, id, hint)
    }
  }
  folded.work.push(...[...byKey.values()].flatMap(inPieces))
  return folded
}

function inPieces(look: Look): Look[] {
  const { ids } = look
  if (ids === 'all' || ids.length <= IDS_A_LOOK) return [look]
  const count = Math.ceil(ids.length / IDS_A_LOOK)
  return [...Array(count).keys()].map((n) => ({ ...look, ids: ids.slice(n * IDS_A_LOOK, (n + 1) * IDS_A_LOOK) }))
}

type Named = { account: string; region: string; ids: string[] }

function hintOf(reading: Named, { scopeOf }: Known): Hint | undefined {
  const scope = reading.ids.length > 0 ? scopeOf(reading.account, reading.region) : undefined
  return scope && { scope, ids: reading.ids, attempt: 0 }
}

function whyNot({ account, ids }: Named, directory: Known): Folded['ignored'][number]['why'] {
  if (ids.length === 0) return 'no-instances'
  return directory.account(account) ? 'other-region' : 'unknown-account'
}

function add(byKey: Map<string, Look>, message: string, { scope, ids, attempt, sweepId }: Hint): void {
  const key = `${formatScope(scope)} ${ids === 'all' ? 'all' : attempt}`
  const known = byKey.get(key)
  if (!known) {
    const unique = ids === 'all' ? ids : [...new Set(ids)]
    byKey.set(key, { scope, ids: unique, attempt, messages: [message], ...(sweepId ? { sweepId } : {}) })
    return
  }
  if (known.ids !== 'all' && ids !== 'all') known.ids = [...new Set([...known.ids, ...ids])]
  known.messages.push(message)
}
