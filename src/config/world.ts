import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { type Access, createAccess } from '../access/access.ts'
import { rekeyConnections } from '../access/policy-keys.ts'
import type { LogSink } from '../audit/log-sink.ts'
import { createNotary, type NotaryOutcome } from '../audit/notary.ts'
import { createAws } from '../aws/aws.ts'
import { createTargetCalls } from '../aws/target-calls.ts'
import { builtInCatalogue } from '../catalogue/built-in.ts'
import { createCredentialResolver } from '../credentials/resolve-credential.ts'
import { createGateway, type Gateway } from '../gateway/gateway.ts'
import { type HostKeys, openHostKeys } from '../gateway/host-keys.ts'
import { createDirectory } from '../inventory/directory.ts'
import { createEventQueue } from '../inventory/event-queue.ts'
import { createObserver } from '../inventory/observe.ts'
import { type Clock, systemClock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import { parsePolicies } from '../policy/policy-set.ts'
import { createApplier } from '../reconcile/apply-observation.ts'
import { createDepartures } from '../reconcile/departures.ts'
import { createDiscovery, type Discovery } from '../reconcile/discovery.ts'
import { publishRules } from '../reconcile/rules.ts'
import { createOutboxDrain } from '../reconcile/trail-outbox.ts'
import { openRecordings, type Recordings } from '../recording/recordings.ts'
import { createSignIn, type SignIn } from '../sign-in/sign-in.ts'
import { openPostgres } from '../store/postgres.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { type AuditStores, openAuditStores, openSigner } from './audit-stores.ts'
import type { Config } from './config-schema.ts'
import { createPolicyFollower, type PolicyFollower, type PolicyFollowerDeps } from './follow-policies.ts'
import { type FollowedGuacamole, openFollowedGuacamole } from './followed-guacamole.ts'
import type { Loaded } from './load-config.ts'
import { readPolicies } from './load-policies.ts'
import { type NodeTrail, openNodeTrail } from './node-trail.ts'
import { openRecordingFiles } from './recording-store.ts'
import { secretsOf } from './secrets-of.ts'

/** Everything that `serve` is made of, built once. `close` undoes it in the opposite order. */
export type World = {
  config: Config
  /** What this process is called, here and in the trail. */
  node: string
  clock: Clock
  log: Log
  store: Store
  access: Access
  /** The policies of access, and those of the Guacamole where there is one. */
  policies: readonly PolicyFollower[]
  trail: NodeTrail
  /** Copies the trail's files to CloudWatch Logs, where that is configured. */
  sink: LogSink | undefined
  audit: AuditStores
  /** Moves what other writers left for the trail into ours. */
  drainOutbox(): Promise<void>
  notarise(): Promise<NotaryOutcome>
  recordings: Recordings
  gateway: Gateway
  hostKeys: HostKeys
  discovery: Discovery
  signIn: SignIn
  /** The Apache Guacamole of the configuration, where there is one, and what keeps it in step. */
  guacamole: FollowedGuacamole | undefined
  close(): Promise<void>
}

export async function buildWorld(loaded: Loaded, env: NodeJS.ProcessEnv, log: Log): Promise<World> {
  const { config, folder } = loaded
  const clock = systemClock
  const policyFiles = readPolicies(loaded)
  const firstPolicies = parsePolicies(policyFiles)
  const secret = secretsOf(loaded, env)
  const clientSecret = config.signIn.clientSecret && secret('signIn.clientSecret', config.signIn.clientSecret)
  const at = (place: string) => resolve(folder, place)
  const node = config.node ?? hostname()

  const store =
    'sqlite' in config.store
      ? await openSqlite(at(config.store.sqlite))
      : await openPostgres(secret('store.postgres', config.store.postgres), log)
  const { trail, sink } = await openNodeTrail({ loaded, node, store, clock, log })
  const signer = await openSigner(loaded)
  const audit = await openAuditStores(loaded, env)
  const access = createAccess({ store, policies: firstPolicies, clock })

  const recordings = openRecordings({ ...(await openRecordingFiles(loaded, env)), signer, clock })
  const aws = createAws({ settings: config.aws, clock })
  const calls = createTargetCalls(aws)
  const observer = createObserver({ aws, clock, log })
  const hostKeys = openHostKeys({ store, clock })
  const gateway = createGateway({
    store,
    access,
    recordings,
    resolveCredential: createCredentialResolver({ settings: config.credentials, calls, env }),
    hostKeys,
    lookUpInstance: observer.lookUpInstance,
    readConsoleOutput: calls.readConsoleOutput,
    trail,
    settings: config.gateway,
    clock,
    log,
    node,
  })
  const directory = createDirectory({ aws, tenant: config.tenant, clock, log })
  const {
    connections,
    discovery: { absenceProof, accountGrace },
  } = config
  const mentions = () => access.policies().mentions
  const settlePolicies = async () => {
    await publishRules(store.db, { connections, absenceProof, accountGrace, mentions: mentions() })
    await rekeyConnections(store, mentions())
    await access.connectionsChanged()
  }
  await settlePolicies()
  const catalogue = builtInCatalogue(mentions)
  const guacamole = await openFollowedGuacamole({ loaded, secret, clock, store, builtIn: catalogue, log })
  const followPolicies = (more: Omit<PolicyFollowerDeps, 'trail' | 'clock' | 'log'>) =>
    createPolicyFollower({ ...more, trail, clock, log })
  const policies = [
    followPolicies({
      subject: 'access policies',
      files: policyFiles,
      read: () => readPolicies(loaded),
      prepare: (next) => () => access.use(next),
      settle: settlePolicies,
    }),
    ...(guacamole ? [followPolicies(guacamole.policies)] : []),
  ]
  const discovery = createDiscovery({
    settings: config.discovery,
    directory,
    observer,
    applier: createApplier({ store, catalogue, clock, log, connections, absenceProof }),
    departures: createDepartures({ store, catalogue, accountGrace }),
    queue: config.aws.eventQueue ? createEventQueue(aws.sqs, config.aws.eventQueue) : undefined,
    clock,
    log,
  })
  const signIn = createSignIn({
    store,
    clock,
    settings: config.signIn,
    clientSecret,
    redirectUri: new URL('/sign-in/callback', config.portal.url).href,
  })
  const notarise = createNotary({ ...audit, signer, clock })
  return {
    config,
    node,
    clock,
    log,
    store,
    access,
    policies,
    trail,
    sink,
    audit,
    drainOutbox: createOutboxDrain({ store, trail, log }),
    notarise,
    recordings,
    gateway,
    hostKeys,
    discovery,
    signIn,
    guacamole,
    async close() {
      await gateway.close()
      await guacamole?.close()
      await trail.close()
      await store.close()
    },
  }
}
