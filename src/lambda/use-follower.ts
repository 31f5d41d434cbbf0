import { unlessAborted } from '../kernel/unless-aborted.ts'
import { type Invocation, timeLeft } from './batch.ts'
import { type FollowerDeps, type FollowerWorld, openFollowerWorld } from './follower-world.ts'
import { createRenewable } from './renewable.ts'

/** `doAll` says whether it did all; it ends with the signal. */
export type UseFollower = (
  context: Invocation,
  signal: AbortSignal,
  doAll: (world: FollowerWorld) => Promise<boolean>,
) => Promise<void>

/** One world for every invocation, built anew after a failure where that may help. */
export function createUseFollower(deps: FollowerDeps): UseFollower {
  const shared = createRenewable(
    () => openFollowerWorld(deps),
    (world: FollowerWorld) => world.close(),
  )
  const renew = async (world: FollowerWorld, signal: AbortSignal) => {
    // What is still under way when its time is over keeps the world that it has.
    if (signal.aborted || (await world.hasOtherSecrets())) await shared.giveUp()
  }
  return async function useFollower(context, signal, doAll) {
    const world = await unlessAborted(shared.get(), signal)
    world.begin(signal)
    let isDone = false
    try {
      isDone = await doAll(world)
      await world.record?.(timeLeft(context, 1_000))
    } finally {
      const rest = AbortSignal.timeout(timeLeft(context, 1_000))
      if (!isDone) await unlessAborted(renew(world, signal), rest).catch(() => undefined)
    }
  }
}
