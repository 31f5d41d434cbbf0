import type { BuiltInCatalogue } from '../catalogue/built-in.ts'
import { storeLedger } from '../catalogue/guacamole/mark-ledger.ts'
import { createFollower, type Follower } from '../guacamole/follow.ts'
import { publishPolicies } from '../guacamole/published-policies.ts'
import type { Log } from '../kernel/log.ts'
import type { Store } from '../store/store.ts'
import type { PolicyFollowerDeps } from './follow-policies.ts'
import { openGuacamolePolicies } from './guacamole-policies.ts'
import type { Loaded } from './load-config.ts'
import { type GuacamoleWorld, type OpenedGuacamole, openGuacamole } from './open-guacamole.ts'

export type FollowedGuacamole = OpenedGuacamole & {
  follower: Follower
  policies: Omit<PolicyFollowerDeps, 'trail' | 'clock' | 'log'>
}

type FollowDeps = Pick<GuacamoleWorld, 'secret' | 'clock'> & {
  loaded: Loaded
  store: Store
  builtIn: BuiltInCatalogue
  log: Log
}

/** The Guacamole of the configuration and what keeps it in step; undefined without one. Throws CONFIG_INVALID and POLICY_BEYOND_GROUPS. */
export async function openFollowedGuacamole(deps: FollowDeps): Promise<FollowedGuacamole | undefined> {
  const { loaded, store } = deps
  const { catalogue, discovery } = loaded.config
  if (catalogue === 'built-in') return undefined
  const settings = catalogue.guacamole
  const { readersOf, ...policies } = openGuacamolePolicies(loaded, settings)
  const opened = await openGuacamole({ ...deps, settings, readersOf, ledger: (target) => storeLedger(store, target) })
  const follower = createFollower({ ...deps, target: opened.guacamole, lookEvery: discovery.sweepEvery })
  await publishPolicies(store.db, policies.files)
  return {
    ...opened,
    follower,
    policies: {
      ...policies,
      subject: 'policies of Guacamole',
      async settle(files) {
        await publishPolicies(store.db, files)
        await follower.lookAtAll()
      },
    },
  }
}
