import type { Clock } from '../kernel/clock.ts'
import { loginErrors } from './errors.ts'
import { type AwsSession, leftOf, RENEW_BEFORE_MS, readSession, UNFIT_BEFORE_MS, writeSession } from './session.ts'
import type { SessionStore } from './store/session-store.ts'

export type KeptSessions = { store: SessionStore; clock: Clock; renew: (session: AwsSession) => Promise<AwsSession> }

export const keep = ({ store }: KeptSessions, name: string, session: AwsSession): Promise<void> =>
  store.save(name, writeSession(session))

/**
 * A session fit to be handed to another tool; renewed ahead of its end where that needs nobody. A renewal that fails costs nothing
 * while the old keys still last.
 */
export async function freshSession(kept: KeptSessions, name: string): Promise<AwsSession | undefined> {
  const text = await kept.store.load(name)
  if (!text) return undefined
  const session = parse(name, text)
  const left = leftOf(session, kept.clock)
  if (left > RENEW_BEFORE_MS) return session
  try {
    const renewed = await kept.renew(session)
    await keep(kept, name, renewed)
    return renewed
  } catch (cause) {
    if (left > UNFIT_BEFORE_MS) return session
    throw loginErrors.LOGIN_EXPIRED({ session: name }, { cause })
  }
}

function parse(name: string, text: Parameters<typeof readSession>[0]): AwsSession {
  try {
    return readSession(text)
  } catch (cause) {
    throw loginErrors.LOGIN_SESSION_UNREADABLE({ session: name, reason: 'it is not of this version' }, { cause })
  }
}
