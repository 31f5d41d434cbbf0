import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { createRandom, type Random } from '../fixtures/random.ts'
import { recordingForgeries } from './forge-recording.ts'
import { trailForgeries } from './forge-trail.ts'
import { type Verdict, verifyOurs, verifyTheirs } from './verify-both.ts'
import { type InAws, isRightInAws, verifyInAws } from './verify-in-aws.ts'
import { buildWorld, type World } from './world.ts'

/** `inAws`: the same world in a log group and buckets is judged right as well. */
export type Case = {
  forgery: string
  found: boolean
  agreed: boolean
  inAws: boolean
  ours: Verdict
  theirs: Verdict
}

const forgeries: Readonly<Record<string, (world: World, random: Random) => void | Promise<void>>> = {
  ...Object.fromEntries(Object.entries(trailForgeries).map(([name, forge]) => [`trail: ${name}`, forge])),
  ...Object.fromEntries(
    Object.entries(recordingForgeries).map(([name, forge]) => [
      `recording: ${name}`,
      (world: World, random: Random) => forge(world, join(world.recordings, random.pick(world.sessions)), random),
    ]),
  ),
}

async function judge(world: World, forgery: string, untouched: InAws): Promise<Case> {
  const ours = await verifyOurs(world)
  const theirs = await verifyTheirs(world)
  const inAws = forgery === 'none' ? untouched.verdict.ok : isRightInAws(untouched, await verifyInAws(world), ours)
  return { forgery, found: !ours.ok, agreed: isDeepStrictEqual(ours, theirs), inAws, ours, theirs }
}

/**
 * An adversary who may write everything but the checkpoints, against both verifiers. Each round builds a world, judges it untouched,
 * and then each forgery on a copy of its own.
 */
export async function* runForger(seed: number, rounds: number): AsyncGenerator<Case> {
  const random = createRandom(seed)
  for (let round = 0; round < rounds; round += 1) {
    const world = await buildWorld(random)
    try {
      const untouched = await verifyInAws(world)
      yield await judge(world, 'none', untouched)
      for (const [name, forge] of Object.entries(forgeries)) {
        const copy = world.copy()
        try {
          await forge(copy, random)
          yield await judge(copy, name, untouched)
        } finally {
          copy.remove()
        }
      }
    } finally {
      world.remove()
    }
  }
}

/** Untouched must pass, forged must be found, and both verifiers must say the same of it. */
export const isRight = ({ forgery, found, agreed, inAws }: Case): boolean =>
  agreed && inAws && found === (forgery !== 'none')
