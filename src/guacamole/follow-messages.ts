import type { Message } from '../inventory/fold-hints.ts'
import { isCoded, reasonOf } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import { unlessAborted } from '../kernel/unless-aborted.ts'
import type { createStep } from './bring-in-step.ts'
import { readScopeMessage } from './scope-message.ts'

export type FollowMessagesDeps = {
  bringInStep: ReturnType<typeof createStep>
  log: Log
  signal: AbortSignal
}

/**
 * Scopes from a queue, each looked at once however often it was told. Returns the ids of the messages to be tried again; one that
 * cannot be read ends in the dead letters. One after the other: a Guacamole has one writer at a time. After the signal none is begun.
 */
export async function followMessages(
  messages: readonly Message[],
  { bringInStep, log, signal }: FollowMessagesDeps,
): Promise<string[]> {
  const again: string[] = []
  for (const [scope, told] of Map.groupBy(messages, ({ body }) => readScopeMessage(body))) {
    const ids = told.map(({ id }) => id)
    try {
      if (scope === undefined) throw new Error('the message names no scope')
      signal.throwIfAborted()
      if ((await unlessAborted(bringInStep(scope), signal)).again) again.push(...ids)
    } catch (error) {
      const code = isCoded(error) ? error.code : undefined
      log.warn({ scope, code, reason: reasonOf(error), messages: ids }, 'not in step; it comes again')
      again.push(...ids)
    }
  }
  return again
}
