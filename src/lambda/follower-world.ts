import { isDeepStrictEqual } from 'node:util'
import { createSecretsManager } from '../aws/own-account.ts'
import { builtInCatalogue } from '../catalogue/built-in.ts'
import { storeLedger } from '../catalogue/guacamole/mark-ledger.ts'
import { openGuacamole } from '../config/open-guacamole.ts'
import { createReaders } from '../config/readers-in-force.ts'
import { createStep } from '../guacamole/bring-in-step.ts'
import { readPublishedPolicies } from '../guacamole/published-policies.ts'
import { storedSecretEvents } from '../guacamole/stored-secrets.ts'
import { tellHistory } from '../guacamole/tell-history.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import { parsePolicies } from '../policy/policy-set.ts'
import { putInOutbox } from '../store/outbox.ts'
import { openPostgres } from '../store/postgres.ts'
import type { Store } from '../store/store.ts'
import { readDatabaseUrl } from './database-url.ts'
import type { FollowerEnvironment } from './follower-environment.ts'
import { areSame, readNamedSecrets, secretsFrom } from './named-secrets.ts'
import { createOwnTrail, openTrailGroup } from './own-trail.ts'

export type FollowerDeps = { env: FollowerEnvironment; clock: Clock; log: Log }
export type FollowerWorld = Awaited<ReturnType<typeof openFollowerWorld>>

/** What invocations of the follower share: our database, a login to Guacamole, and who may connect to what there. */
export async function openFollowerWorld(deps: FollowerDeps) {
  const { env, log } = deps
  const client = createSecretsManager(env.AWS_REGION)
  const readAll = async () => ({
    database: await readDatabaseUrl(client, env),
    named: await readNamedSecrets(client, env.GUACAMOLE_SECRETS),
  })
  const { database, named } = await readAll()
  const store = await openPostgres(database, log, { maxConnections: 4 })
  try {
    const follower = await openFollower({ ...deps, store, secret: secretsFrom(named) })
    return {
      ...follower,
      /** Another password is worth another login; the same one would only bring the ban of our address nearer. */
      async hasOtherSecrets(): Promise<boolean> {
        const now = await readAll()
        return now.database.reveal() !== database.reveal() || !areSame(now.named, named)
      },
      async close() {
        await follower.close()
        await store.close()
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

async function openFollower({ env, clock, log, store, secret }: FollowerDeps & Opened) {
  // Of the first invocation before it begins; what one left under way when its time was over never gets another's.
  let deadline = AbortSignal.abort()
  let files = await readPublishedPolicies(store.db)
  const { readersOf, prepare } = createReaders(parsePolicies(files))
  const opened = await openGuacamole({
    ...{ settings: env.ENCHILADA_GUACAMOLE, readersOf, secret, clock, store },
    ledger: (target) => storeLedger(store, target),
    until: () => deadline,
  })
  await putInOutbox(store.db, storedSecretEvents(opened.secrets, 'system:follower'))
  const group = env.TRAIL_GROUP && openTrailGroup(env.AWS_REGION, env.TRAIL_GROUP)
  // It is only read here: what the policies mention matters to whoever writes it.
  const builtIn = builtInCatalogue(() => ({ tags: [], persons: [] }))
  return {
    begin(signal: AbortSignal): void {
      deadline = signal
    },
    bringInStep: createStep({ store, builtIn, target: opened.guacamole, log }),
    /** Puts in force what `serve` has published since. */
    async followPolicies(): Promise<void> {
      const now = await readPublishedPolicies(store.db)
      if (isDeepStrictEqual(now, files)) return
      prepare(parsePolicies(now))()
      files = now
    },
    tellHistory: () => tellHistory({ ...opened, store, clock, signal: deadline }),
    record: group ? createOwnTrail({ group, store, clock, log }) : undefined,
    close: opened.close,
  }
}

type Opened = { store: Store; secret: ReturnType<typeof secretsFrom> }
