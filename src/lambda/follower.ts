import type { SQSBatchResponse, SQSEvent } from 'aws-lambda'
import { createSqs } from '../aws/own-account.ts'
import { followMessages } from '../guacamole/follow-messages.ts'
import { createEventQueue } from '../inventory/event-queue.ts'
import { systemClock as clock } from '../kernel/clock.ts'
import { isCoded, reasonOf } from '../kernel/errors.ts'
import { createLog } from '../kernel/log.ts'
import { unlessAborted } from '../kernel/unless-aborted.ts'
import { deadlineOf, giveBack, type Invocation, receivedOf } from './batch.ts'
import { readEnvironment } from './environment.ts'
import { followerEnvironment } from './follower-environment.ts'
import { createUseFollower } from './use-follower.ts'

/** The Lambda that keeps a Guacamole in step and reads its history: assumes no role, looks at no instance. */
const env = readEnvironment(followerEnvironment, process.env)
const log = createLog(env.LOG_LEVEL, 'enchilada-follower')
const queue = createEventQueue(createSqs(env.AWS_REGION), env.GUACAMOLE_QUEUE_URL)
const useFollower = createUseFollower({ env, clock, log })

/** Then the schedule asks again: looks that take longer would pile up, each with a login of its own. */
const HISTORY_MS = 50_000

/** Scopes of the queue, or the schedule's `{ "history": true }`. */
export async function handler(event: SQSEvent | { history: true }, context: Invocation): Promise<SQSBatchResponse> {
  if (!('Records' in event)) {
    const signal = AbortSignal.any([deadlineOf(context), AbortSignal.timeout(HISTORY_MS)])
    await useFollower(context, signal, async (world) => {
      await unlessAborted(world.tellHistory(), signal)
      return true
    })
    return { batchItemFailures: [] }
  }
  const signal = deadlineOf(context)
  const received = receivedOf(event)
  let again = received.map(({ id }) => id)
  try {
    await useFollower(context, signal, async (world) => {
      await unlessAborted(world.followPolicies(), signal)
      again = await followMessages(received, { bringInStep: world.bringInStep, log, signal })
      return again.length === 0
    })
  } catch (error) {
    const code = isCoded(error) ? error.code : undefined
    log.error({ code, reason: reasonOf(error) }, 'nothing of a batch could be followed; it comes again')
  }
  return giveBack(received, again, { queue, log })
}
