import { guacamoleErrors } from '../catalogue/guacamole/errors.ts'
import type { Clock } from '../kernel/clock.ts'
import { hasCode, reasonOf } from '../kernel/errors.ts'
import type { Store } from '../store/store.ts'
import { createStep, type StepDeps } from './bring-in-step.ts'

export type FollowDeps = StepDeps & {
  store: Store
  clock: Clock
  /** ms between looks at every scope: what people changed, and what was told while nobody listened. */
  lookEvery: number
}

export type Follower = {
  run(signal: AbortSignal): Promise<void>
  /** Something that all of it depends on changed: every scope is looked at now. */
  lookAtAll(): Promise<void>
}

const { GUACAMOLE_UNREACHABLE, GUACAMOLE_TLS_REFUSED, GUACAMOLE_LOGIN_REFUSED } = guacamoleErrors
/** ms before a scope that failed is tried again. */
const RETRY_MS = 30_000

/**
 * Keeps a catalogue that lives elsewhere in step with ours, scope by scope, whoever wrote ours. Discovery never waits for
 * it: a Guacamole that is away gets what it missed when it is back.
 */
export function createFollower(deps: FollowDeps): Follower {
  const { store, clock, log, lookEvery } = deps
  const bringInStep = createStep(deps)
  const due = new Set<string>()
  /** When a scope that is in step has to be looked at again; what is told meanwhile does not wait for it. */
  const later = new Map<string, number>()
  let wake: () => void = () => undefined

  const lookAtAll = async () => {
    for (const { scope } of await store.db.selectFrom('scopes').select('scope').execute()) due.add(scope)
    wake()
  }

  /** Everything that is due, once. True when all of it is done. */
  const settle = async (signal?: AbortSignal): Promise<boolean> => {
    const failed: string[] = []
    for (const key of [...due]) {
      if (signal?.aborted) break
      due.delete(key)
      later.delete(key)
      try {
        if ((await bringInStep(key)).again) later.set(key, clock.now() + RETRY_MS)
      } catch (error) {
        failed.push(key)
        log.warn({ scope: key, reason: reasonOf(error) }, 'not in step; tried again')
        // Nobody there for this scope is nobody there for the next.
        if (hasCode(error, GUACAMOLE_UNREACHABLE, GUACAMOLE_TLS_REFUSED, GUACAMOLE_LOGIN_REFUSED)) break
      }
    }
    for (const key of failed) due.add(key)
    return failed.length === 0
  }

  return {
    lookAtAll,
    async run(signal: AbortSignal): Promise<void> {
      const stop = store.notify.subscribe('scope', ({ scope }) => {
        due.add(scope)
        wake()
      })
      let nextLook = 0
      while (!signal.aborted) {
        if (clock.now() >= nextLook) {
          await lookAtAll().catch((error: unknown) =>
            log.warn({ reason: reasonOf(error) }, 'scopes could not be listed'),
          )
          nextLook = clock.now() + lookEvery
        }
        for (const [key, at] of later) if (at <= clock.now()) due.add(key)
        const done = await settle(signal)
        const told = new Promise<void>((resolve) => {
          wake = resolve
          if (done && due.size > 0) resolve()
        })
        const pause = done ? Math.min(nextLook, ...later.values()) - clock.now() : RETRY_MS
        const cut = new AbortController()
        const either = AbortSignal.any([signal, cut.signal])
        // While something failed a notice must not make it try sooner.
        await Promise.race([clock.sleep(pause, either).catch(() => undefined), ...(done ? [told] : [])])
        cut.abort()
      }
      stop()
    },
  }
}
