import type { Account, AccountState } from '@aws-sdk/client-organizations'
import type { Clock } from '../kernel/clock.ts'
import type { Observation } from '../model/observation.ts'
import type { Scope } from '../model/scope.ts'
import type { Directory } from './directory.ts'
import type { Observer } from './observe.ts'

export type Looking = Pick<Observer, 'observeIds' | 'observeListing'>

/** An account whose sign-up is not finished is none of them: it is asked, so that its refusal is seen. */
const CLOSED: ReadonlySet<string | undefined> = new Set<AccountState>(['SUSPENDED', 'PENDING_CLOSURE', 'CLOSED'])

/** Organizations retires `Status` for `State`. An account of which it says neither is asked: else discovery would stop without a word. */
export const isClosed = ({ State, Status }: Pick<Account, 'State' | 'Status'>): boolean => CLOSED.has(State ?? Status)

/** A closed account is not asked: it is a state of its scopes, and nothing is removed because of it. */
export function besidesClosed(observer: Looking, directory: Pick<Directory, 'account'>, clock: Clock): Looking {
  const closed = (scope: Scope, kind: Observation['kind'], asked: readonly string[]): Observation | undefined => {
    if (!directory.account(scope.account)?.closed) return undefined
    const nothing = { complete: false, reason: 'closed', page: 1, pages: 1, attempt: 0 } as const
    return { ...nothing, instances: [], scope, kind, begunAt: clock.now(), asked: [...asked] }
  }
  return {
    observeIds: async (scope, ids, signal) => closed(scope, 'ids', ids) ?? observer.observeIds(scope, ids, signal),
    observeListing: async (scope, sweepId, signal) =>
      closed(scope, 'listing', []) ?? observer.observeListing(scope, sweepId, signal),
  }
}
