import type { SQSBatchResponse, SQSEvent } from 'aws-lambda'
import { createSecretsManager, createSqs } from '../aws/own-account.ts'
import { builtInCatalogue } from '../catalogue/built-in.ts'
import { writeScopeMessage } from '../guacamole/scope-message.ts'
import { createEventQueue, type Received } from '../inventory/event-queue.ts'
import { createMessages } from '../inventory/send-messages.ts'
import { systemClock as clock } from '../kernel/clock.ts'
import { reasonOf } from '../kernel/errors.ts'
import { createLog } from '../kernel/log.ts'
import { createApplier } from '../reconcile/apply-observation.ts'
import { noCounts } from '../reconcile/counts.ts'
import { createDepartures } from '../reconcile/departures.ts'
import { readRules } from '../reconcile/rules.ts'
import { settleMessages } from '../reconcile/settle-messages.ts'
import { createSettler } from '../reconcile/settle-report.ts'
import { openPostgres } from '../store/postgres.ts'
import { deadlineOf, giveBack, type Invocation, receivedOf, timeLeft } from './batch.ts'
import { readDatabaseUrl } from './database-url.ts'
import { readEnvironment, writerEnvironment } from './environment.ts'
import { createOwnTrail, openTrailGroup } from './own-trail.ts'
import { createRenewable } from './renewable.ts'

/** The Lambda that writes what was seen: knows the database, assumes no role, looks at nothing. */
const env = readEnvironment(writerEnvironment, process.env)
const log = createLog(env.LOG_LEVEL, 'enchilada-writer')
const sqs = createSqs(env.AWS_REGION)
const events = createEventQueue(sqs, env.EVENTS_QUEUE_URL)
const reports = env.OBSERVATIONS_QUEUE_URL ? createEventQueue(sqs, env.OBSERVATIONS_QUEUE_URL) : undefined
const follower = env.GUACAMOLE_QUEUE_URL ? createMessages(sqs, env.GUACAMOLE_QUEUE_URL) : undefined
const database = createRenewable(openDatabase, ({ store }) => store.close())
await database.get()

export async function handler(event: SQSEvent, context: Invocation): Promise<SQSBatchResponse> {
  const received = receivedOf(event)
  const again = await settleAll(received, deadlineOf(context))
  const answer = await giveBack(received, again, { queue: reports, log })
  if (again.length < received.length) await (await database.get()).record?.(timeLeft(context, 1_000))
  return answer
}

async function settleAll(received: readonly Received[], signal: AbortSignal): Promise<string[]> {
  try {
    const { store, record } = await database.get()
    // Read with each batch: `serve` publishes new rules when its configuration or its policies change.
    const rules = await readRules(store.db)
    const catalogue = builtInCatalogue(() => rules.mentions)
    const tellFollower = follower && ((scope: string) => follower.send([writeScopeMessage(scope)]))
    const common = { store, catalogue, ...rules, hasOwnTrail: record !== undefined, tellFollower }
    const applier = createApplier({ ...common, clock, log })
    const departures = createDepartures(common)
    const settle = createSettler({ applier, departures, later: events.later, counts: noCounts() })
    return await settleMessages(received, { settle, log, signal })
  } catch (error) {
    log.error({ reason: reasonOf(error) }, 'nothing of a batch could be written; it comes again')
    // The password may be another one since the secret was read.
    await database.giveUp()
    return received.map(({ id }) => id)
  }
}

async function openDatabase() {
  const url = await readDatabaseUrl(createSecretsManager(env.AWS_REGION), env)
  const store = await openPostgres(url, log, { maxConnections: 4 })
  const group = env.TRAIL_GROUP && openTrailGroup(env.AWS_REGION, env.TRAIL_GROUP)
  return { store, record: group ? createOwnTrail({ group, store, clock, log }) : undefined }
}
