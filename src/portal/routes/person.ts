import { type Me, meSchema } from '../contract/common.ts'
import { scopeListSchema } from '../contract/scopes.ts'
import type { Parts } from '../parts.ts'
import { listScopes } from '../queries/scopes.ts'
import { defineRoute, type Route } from '../route.ts'

export const personRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/api/v1/me',
    summary: 'Who is signed in, and what the pages should offer',
    signedIn: 'it tells people about themselves',
    answer: { status: 200, description: 'The person', schema: meSchema },
    async handle({ parts, session, c }) {
      const { person, createdAt, expiresAt } = session
      const { id, name, email, groups, mfa } = person
      const me: Me = {
        id,
        name,
        ...(email === undefined ? {} : { email }),
        groups,
        mfa,
        signedInAt: createdAt,
        expiresAt,
        may: {
          audit: parts.access.may(person, { action: 'audit' }).allowed,
          administer: parts.access.may(person, { action: 'administer' }).allowed,
          play: await mayPlayAnything(parts, person),
        },
      }
      return c.json(me)
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/v1/scopes',
    summary: 'How fresh what we know of each account and region is',
    action: 'administer',
    ask: async () => ({ question: { action: 'administer' }, subject: 'fleet' }),
    answer: { status: 200, description: 'All of them', schema: scopeListSchema },
    async handle({ parts: { store, clock, staleAfter }, c }) {
      return c.json({ items: await listScopes(store.db, { now: clock.now(), staleAfter }) })
    },
  }),
]

async function mayPlayAnything(parts: Parts, person: Parameters<Parts['access']['readersOf']>[0]): Promise<boolean> {
  const readers = [
    ...(await parts.access.readersOf(person, 'play')),
    ...(await parts.access.readersOf(person, 'play-own')),
  ]
  const row = await parts.store.db
    .selectFrom('visibility')
    .select('reader')
    .where('reader', 'in', readers)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
