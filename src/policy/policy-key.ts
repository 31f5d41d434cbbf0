import { createHash } from 'node:crypto'
import type { Mentions } from './mentions.ts'
import type { Facts } from './request.ts'

/** Cuts the facts to what the policies can tell apart: two instances with one key are decided alike. */
export function judgedFacts(facts: Facts, mentions: Mentions): Facts {
  const names = mentions.tags === 'all' ? Object.keys(facts.tags) : mentions.tags
  const kept = names.flatMap((name) => {
    const value = facts.tags[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  kept.sort(([a], [b]) => (a < b ? -1 : 1))
  return { ...facts, tags: Object.fromEntries(kept) }
}

/** First 16 hex of the sha256 over the judged facts. */
export function policyKey(facts: Facts, mentions: Mentions): string {
  const { tenant, account, region, group, protocol, tags } = judgedFacts(facts, mentions)
  const key = JSON.stringify([tenant, account, region, group, protocol, Object.entries(tags)])
  return createHash('sha256').update(key).digest('hex').slice(0, 16)
}
