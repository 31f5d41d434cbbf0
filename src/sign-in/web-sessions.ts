import type { Clock } from '../kernel/clock.ts'
import { newToken, sha256Hex } from '../kernel/ids.ts'
import { type Person, personSchema } from '../model/person.ts'
import type { Store } from '../store/store.ts'
import type { SignInSettings } from './settings.ts'

export type WebSession = {
  /** sha256 of the cookie: what tickets are bound to. */
  hash: string
  person: Person
  createdAt: number
  /** Absolute limit, used or not. */
  expiresAt: number
}

/** Each use is written down, but not more often than this. */
const TOUCH_MS = 30_000

export type WebSessions = {
  /** A new secret each time: nothing from before the sign-in goes on. */
  open(person: Person, providerSession: string | undefined): Promise<{ token: string; expiresAt: number }>
  /** Undefined when it is over. `use: false` looks without keeping it alive. */
  find(token: string, options?: { use: boolean }): Promise<WebSession | undefined>
  findByHash(hash: string, options?: { use: boolean }): Promise<WebSession | undefined>
  end(hash: string): Promise<void>
  /** Whether the person is signed in anywhere. */
  hasAny(personId: string): Promise<boolean>
  /** Those of one session at the provider, or all of a person. */
  endAll(of: { providerSession: string } | { personId: string }): Promise<{ hash: string; personId: string }[]>
}

export function createWebSessions(store: Store, clock: Clock, settings: SignInSettings['session']): WebSessions {
  const removeDead = () => {
    const now = clock.now()
    return store.db
      .deleteFrom('web_sessions')
      .where((row) => row.or([row('expires_at', '<=', now), row('seen_at', '<=', now - settings.idle)]))
      .execute()
  }

  const findByHash: WebSessions['findByHash'] = async (hash, { use } = { use: true }) => {
    const row = await store.db.selectFrom('web_sessions').selectAll().where('id_hash', '=', hash).executeTakeFirst()
    const now = clock.now()
    if (!row || row.expires_at <= now || row.seen_at <= now - settings.idle) return undefined
    if (use && now - row.seen_at >= TOUCH_MS) {
      await store.db.updateTable('web_sessions').set({ seen_at: now }).where('id_hash', '=', hash).execute()
    }
    const person = personSchema.parse(JSON.parse(row.person))
    return { hash, person, createdAt: row.created_at, expiresAt: row.expires_at }
  }

  return {
    async open(person, providerSession) {
      await removeDead()
      const token = newToken()
      const now = clock.now()
      const expiresAt = now + settings.absolute
      await store.db
        .insertInto('web_sessions')
        .values({
          id_hash: sha256Hex(token),
          person: JSON.stringify(person),
          person_id: person.id,
          created_at: now,
          seen_at: now,
          expires_at: expiresAt,
          provider_session: providerSession ?? null,
        })
        .execute()
      return { token, expiresAt }
    },
    find: (token, options) => findByHash(sha256Hex(token), options),
    findByHash,
    async end(hash) {
      await store.db.deleteFrom('web_sessions').where('id_hash', '=', hash).execute()
    },
    async hasAny(personId) {
      await removeDead()
      const row = await store.db
        .selectFrom('web_sessions')
        .select('id_hash')
        .where('person_id', '=', personId)
        .limit(1)
        .executeTakeFirst()
      return row !== undefined
    },
    async endAll(of) {
      const gone = await store.db
        .deleteFrom('web_sessions')
        .where((row) =>
          'personId' in of ? row('person_id', '=', of.personId) : row('provider_session', '=', of.providerSession),
        )
        .returning(['id_hash', 'person_id'])
        .execute()
      return gone.map((row) => ({ hash: row.id_hash, personId: row.person_id }))
    },
  }
}
