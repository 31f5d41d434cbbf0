import * as z from 'zod'
import type { Clock } from '../kernel/clock.ts'
import { newToken, sha256Hex } from '../kernel/ids.ts'
import type { Store } from '../store/store.ts'

/** A person may take so long at the provider's pages. */
const LIFE_MS = 10 * 60_000

const attemptSchema = z.object({
  nonce: z.string(),
  verifier: z.string(),
  /** A path of the portal. */
  returnTo: z.string(),
  /** sha256 of the browser's own cookie: nobody can be made to finish another's sign-in. */
  browserHash: z.string(),
  begunAt: z.number(),
  /** The provider was told to ask again, whoever it remembers. */
  askedAgain: z.boolean(),
})
export type Attempt = z.infer<typeof attemptSchema>

/** Sign-ins under way, found by the state that the provider gives back; each is taken once. */
export function createAttempts(store: Store, clock: Clock) {
  return {
    /** Returns the state. */
    async begin(attempt: Attempt): Promise<string> {
      const state = newToken()
      await store.db.deleteFrom('sign_in_attempts').where('expires_at', '<', clock.now()).execute()
      await store.db
        .insertInto('sign_in_attempts')
        .values({ state_hash: sha256Hex(state), data: JSON.stringify(attempt), expires_at: clock.now() + LIFE_MS })
        .execute()
      return state
    },
    /** Undefined when there is none, it is over, or it belongs to another browser. */
    async take(state: string, browser: string | undefined): Promise<Attempt | undefined> {
      const row = await store.db
        .deleteFrom('sign_in_attempts')
        .where('state_hash', '=', sha256Hex(state))
        .returning(['data', 'expires_at'])
        .executeTakeFirst()
      if (!row || row.expires_at < clock.now() || browser === undefined) return undefined
      const attempt = attemptSchema.parse(JSON.parse(row.data))
      return attempt.browserHash === sha256Hex(browser) ? attempt : undefined
    },
  }
}
