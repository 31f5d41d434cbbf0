import type { Clock } from '../kernel/clock.ts'
import { createLimiter, type Limiter } from '../kernel/limiter.ts'
import type { Scope } from '../model/scope.ts'

/**
 * Half of EC2's bucket for filtered or paged non-mutating calls (100 tokens, 20 a second per account and region;
 * EC2 Developer Guide, "Request throttling"): the other half belongs to whoever else lives in the account.
 */
export const EC2_RATE = { perSecond: 10, burst: 50 } as const

/** Waits for a turn to call EC2 in this account and region. */
export type TakeTurn = (scope: Pick<Scope, 'account' | 'region'>, signal?: AbortSignal) => Promise<void>

/**
 * `among`: processes that may call at the same time and do not know of each other. Each keeps to its part, so that all of them together
 * keep to the rate.
 */
export function createEc2Turns(clock: Clock, among: number): TakeTurn {
  const rate = { perSecond: EC2_RATE.perSecond / among, burst: Math.max(1, EC2_RATE.burst / among) }
  const limiters = new Map<string, Limiter>()
  return ({ account, region }, signal) => {
    const key = `${account}/${region}`
    const limiter = limiters.get(key) ?? createLimiter(clock, rate)
    limiters.set(key, limiter)
    return limiter.take(signal)
  }
}
