import type { SQSBatchResponse, SQSEvent } from 'aws-lambda'
import { createAws } from '../aws/aws.ts'
import { createDirectory } from '../inventory/directory.ts'
import { createEventQueue } from '../inventory/event-queue.ts'
import { createObserver } from '../inventory/observe.ts'
import { createMessages } from '../inventory/send-messages.ts'
import { systemClock as clock } from '../kernel/clock.ts'
import { newId } from '../kernel/ids.ts'
import { createLog } from '../kernel/log.ts'
import { noCounts } from '../reconcile/counts.ts'
import { createHintFollower } from '../reconcile/follow-hints.ts'
import { reportMessages } from '../reconcile/report-messages.ts'
import { deadlineOf, giveBack, type Invocation, receivedOf } from './batch.ts'
import { observerEnvironment, readEnvironment } from './environment.ts'

/** The Lambda that looks at AWS: assumes roles, tells the writer what it saw, knows no database. */
const env = readEnvironment(observerEnvironment, process.env)
const log = createLog(env.LOG_LEVEL, 'enchilada-observer')
const aws = createAws({ settings: env.ENCHILADA_AWS, clock, among: env.OBSERVERS })
const directory = createDirectory({ aws, tenant: env.ENCHILADA_TENANT, clock, log })
const observations = createMessages(aws.sqs, env.OBSERVATIONS_QUEUE_URL)
const sweeps = createMessages(aws.sqs, env.SWEEP_QUEUE_URL)
const events = env.ENCHILADA_AWS.eventQueue ? createEventQueue(aws.sqs, env.ENCHILADA_AWS.eventQueue) : undefined
const follow = createHintFollower({
  directory,
  observer: createObserver({ aws, clock, log }),
  report: (report) => observations.send(reportMessages(report)),
  counts: noCounts(),
  clock,
  log,
})

/** Events and hints of a queue, or the schedule's `{ "sweep": true }`. */
export async function handler(event: SQSEvent | { sweep: true }, context: Invocation): Promise<SQSBatchResponse> {
  if (!('Records' in event)) {
    await directory.refresh()
    const scopes = await directory.scopes()
    const [accounts, regions] = [directory.listing(), directory.regionListing()]
    if (accounts) await observations.send(reportMessages({ accounts }))
    if (regions) await observations.send(reportMessages({ regions }))
    const sweepId = newId()
    await sweeps.send(scopes.map((scope) => JSON.stringify({ scope, ids: 'all', attempt: 0, sweepId })))
    log.info({ sweepId, scopes: scopes.length }, 'a sweep began')
    return { batchItemFailures: [] }
  }
  const received = receivedOf(event)
  const again = await follow(received, deadlineOf(context))
  const isEvents = env.ENCHILADA_AWS.eventQueue?.endsWith(queueNameOf(event))
  return giveBack(received, again, { queue: isEvents ? events : undefined, log })
}

const queueNameOf = (event: SQSEvent): string => `/${event.Records[0]?.eventSourceARN.split(':').at(-1)}`
