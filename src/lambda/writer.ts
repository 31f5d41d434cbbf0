import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda'
import { createSecretsManager, createSqs } from '../aws/own-account.ts'
import { builtInCatalogue } from '../catalogue/built-in.ts'
import { createEventQueue } from '../inventory/event-queue.ts'
import { systemClock as clock } from '../kernel/clock.ts'
import { createLog } from '../kernel/log.ts'
import { createApplier } from '../reconcile/apply-observation.ts'
import { noCounts } from '../reconcile/counts.ts'
import { readRules } from '../reconcile/rules.ts'
import { settleMessages } from '../reconcile/settle-messages.ts'
import { createSettler } from '../reconcile/settle-report.ts'
import { openPostgres } from '../store/postgres.ts'
import { deadlineOf, giveBack, receivedOf } from './batch.ts'
import { readDatabaseUrl } from './database-url.ts'
import { readEnvironment, writerEnvironment } from './environment.ts'

/** The Lambda that writes what was seen: knows the database, assumes no role, looks at nothing. */
const env = readEnvironment(writerEnvironment, process.env)
const log = createLog(env.LOG_LEVEL, 'enchilada-writer')
const events = createEventQueue(createSqs(env.AWS_REGION), env.EVENTS_QUEUE_URL)
const url = await readDatabaseUrl(createSecretsManager(env.AWS_REGION), env)
const store = await openPostgres(url, log, { maxConnections: 4 })

export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  // Read with each batch: `serve` publishes new rules when it starts with another configuration.
  const rules = await readRules(store.db)
  const applier = createApplier({ store, catalogue: builtInCatalogue(rules.mentions), clock, log, ...rules })
  const settle = createSettler({ applier, later: events.later, counts: noCounts() })
  return giveBack(await settleMessages(receivedOf(event), { settle, log, signal: deadlineOf(context) }))
}
