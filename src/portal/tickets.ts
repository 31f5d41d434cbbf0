import type { Clock } from '../kernel/clock.ts'
import { newToken, sha256Hex } from '../kernel/ids.ts'
import type { TicketsTable } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import type { Ticket } from './contract/connections.ts'

const LIFE_MS = 30_000
const PATH = '/api/v1/terminal'

export type Granted = Pick<TicketsTable, 'purpose' | 'subject'>

/** What may stand in a WebSocket's URL: single use, short-lived, worthless without the cookie it was made for. */
export type Tickets = {
  grant(webSessionHash: string, granted: Granted): Promise<Ticket>
  /** Undefined when it is used, too old, or another web session's; used up in any case. */
  redeem(ticket: string, webSessionHash: string): Promise<Granted | undefined>
}

export function createTickets({ store, clock }: { store: Store; clock: Clock }): Tickets {
  return {
    async grant(webSessionHash, { purpose, subject }) {
      const ticket = newToken()
      const now = clock.now()
      const expiresAt = now + LIFE_MS
      await store.db.deleteFrom('tickets').where('expires_at', '<=', now).execute()
      await store.db
        .insertInto('tickets')
        .values({
          hash: sha256Hex(ticket),
          web_session_hash: webSessionHash,
          purpose,
          subject,
          expires_at: expiresAt,
        })
        .execute()
      return { ticket, expiresAt, path: PATH }
    },
    async redeem(ticket, webSessionHash) {
      const row = await store.db
        .deleteFrom('tickets')
        .where('hash', '=', sha256Hex(ticket))
        .returningAll()
        .executeTakeFirst()
      if (!row || row.expires_at <= clock.now() || row.web_session_hash !== webSessionHash) return undefined
      return { purpose: row.purpose, subject: row.subject }
    },
  }
}
