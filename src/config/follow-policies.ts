import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../kernel/clock.ts'
import { reasonOf } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { AuditEvent, Trail } from '../model/audit-event.ts'
import { type PolicyFile, type PolicySet, parsePolicies } from '../policy/policy-set.ts'
import { createMutex } from '../store/mutex.ts'

/** Between two looks at the files. A change is in force when it was seen twice: an editor may be in the middle of it. */
const LOOK_MS = 5_000
/** What was being written under the old policies while the new ones came is put right one look later. */
const SETTLES = 2

export type PolicyFollower = {
  /** Takes the files as they are now. Never throws: what is wrong is told, and the policies in force stay. */
  reload(): Promise<void>
  /** Looks at the files until the signal. */
  run(signal: AbortSignal): Promise<void>
  /** Why the files as they are now are not in force. */
  fault(): string | undefined
}

export type PolicyFollowerDeps = {
  /** As the trail calls them. */
  subject: string
  /** The files in force. */
  files: readonly PolicyFile[]
  read(): readonly PolicyFile[]
  /** Puts others in force; throws before it does anything when they are not fit for it. */
  prepare(policies: PolicySet): () => void
  /** Brings what is kept about the policies in step with those in force, given as their files; safe to repeat. */
  settle(files: readonly PolicyFile[]): Promise<void>
  trail: Trail
  clock: Clock
  log: Log
}

/**
 * Policies that change while the process runs. The trail is told first, so that no decision is made by rules that it does not
 * know; while it cannot be told, the old ones stay and the next look tries again.
 */
export function createPolicyFollower(deps: PolicyFollowerDeps): PolicyFollower {
  const { trail, clock, log } = deps
  const inTurn = createMutex()
  let inForce = deps.files
  let seen = deps.files
  let fault: string | undefined
  let settlesDue = 0

  const record = (event: Pick<AuditEvent, 'kind' | 'data'>) =>
    trail.record({ ...event, actor: 'system:serve', subject: deps.subject, source: 'fact' })

  const refuse = async (error: unknown): Promise<void> => {
    const reason = reasonOf(error)
    if (reason === fault) return
    log.error({ reason, subject: deps.subject }, 'the policy files are not valid; those read before stay in force')
    await record({ kind: 'policies.refused', data: { reason } })
    fault = reason
  }

  const take = async (files: readonly PolicyFile[]): Promise<void> => {
    const policies = parsePolicies(files)
    const use = deps.prepare(policies)
    await record({ kind: 'policies.changed', data: { policies: policies.hash, files: files.map(({ name }) => name) } })
    use()
    inForce = files
    settlesDue = SETTLES
    log.info({ policies: policies.hash, subject: deps.subject }, 'other policies are in force')
  }

  const look = async (atOnce: boolean): Promise<void> => {
    const files = deps.read()
    const isStill = isDeepStrictEqual(files, seen)
    seen = files
    if (!isDeepStrictEqual(files, inForce)) {
      if (!atOnce && !isStill) return
      await take(files)
    }
    fault = undefined
  }

  const round = (atOnce: boolean) =>
    inTurn('look', async () => {
      try {
        await look(atOnce).catch(refuse)
        if (settlesDue === 0) return
        await deps.settle(inForce)
        settlesDue -= 1
      } catch (error) {
        log.error({ reason: reasonOf(error) }, 'the policies are looked at again soon')
      }
    })

  return {
    reload: () => round(true),
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(LOOK_MS, signal).catch(() => undefined)
        if (!signal.aborted) await round(false)
      }
    },
    fault: () => fault,
  }
}
