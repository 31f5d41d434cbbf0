import type { Hint } from '../model/hint.ts'
import { formatScope, type Scope } from '../model/scope.ts'
import { readEvent } from './events/read-event.ts'

export type Message = { id: string; body: string }

/** A batch as work: per scope the ids to look up, and which messages each piece of work settles. */
export type Folded = {
  work: { scope: Scope; ids: string[]; attempt: number; messages: string[]; happenedAt?: number }[]
  /** Acknowledged without work, counted. */
  ignored: { id: string; why: 'unknown-event' | 'unknown-account' | 'no-instances' }[]
  malformed: { id: string; reason: string }[]
}

type ScopeOf = (account: string, region: string) => Scope | undefined

/** Many events about few instances become one look-up per scope and attempt. */
export function foldHints(messages: readonly Message[], scopeOf: ScopeOf): Folded {
  const folded: Folded = { work: [], ignored: [], malformed: [] }
  const byKey = new Map<string, Folded['work'][number]>()
  for (const { id, body } of messages) {
    const reading = readEvent(body)
    if (reading.kind === 'malformed') folded.malformed.push({ id, reason: reading.reason })
    else if (reading.kind === 'unknown') folded.ignored.push({ id, why: 'unknown-event' })
    else {
      const hint = reading.kind === 'ours' ? reading.hint : hintOf(reading, scopeOf)
      if (!hint)
        folded.ignored.push({
          id,
          why: reading.kind === 'event' && reading.ids.length === 0 ? 'no-instances' : 'unknown-account',
        })
      else if (hint.ids !== 'all') add(byKey, id, hint, hint.ids)
    }
  }
  folded.work.push(...byKey.values())
  return folded
}

function hintOf(reading: { account: string; region: string; ids: string[]; happenedAt?: number }, scopeOf: ScopeOf) {
  const scope = reading.ids.length > 0 ? scopeOf(reading.account, reading.region) : undefined
  if (!scope) return undefined
  const happened = reading.happenedAt === undefined ? {} : { happenedAt: reading.happenedAt }
  return { scope, ids: reading.ids, attempt: 0, ...happened } satisfies Hint
}

function add(byKey: Map<string, Folded['work'][number]>, message: string, hint: Hint, ids: readonly string[]) {
  const key = `${formatScope(hint.scope)} ${hint.attempt}`
  const known = byKey.get(key)
  if (!known) {
    byKey.set(key, {
      scope: hint.scope,
      ids: [...new Set(ids)],
      attempt: hint.attempt,
      messages: [message],
      ...(hint.happenedAt === undefined ? {} : { happenedAt: hint.happenedAt }),
    })
    return
  }
  known.ids = [...new Set([...known.ids, ...ids])]
  known.messages.push(message)
}
