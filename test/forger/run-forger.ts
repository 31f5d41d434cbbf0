import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { recordingForgeries } from './forge-recording.ts'
import { trailForgeries } from './forge-trail.ts'
import { createRandom, type Random } from './random.ts'
import { type Verdict, verifyOurs, verifyTheirs } from './verify-both.ts'
import { buildWorld, type World } from './world.ts'

export type Case = { forgery: string; found: boolean; agreed: boolean; ours: Verdict; theirs: Verdict }

const forgeries: Readonly<Record<string, (world: World, random: Random) => void | Promise<void>>> = {
  ...Object.fromEntries(Object.entries(trailForgeries).map(([name, forge]) => [`trail: ${name}`, forge])),
  ...Object.fromEntries(
    Object.entries(recordingForgeries).map(([name, forge]) => [
      `recording: ${name}`,
      (world: World, random: Random) => forge(world, join(world.recordings, random.pick(world.sessions)), random),
    ]),
  ),
}

async function judge(world: World, forgery: string): Promise<Case> {
  const ours = await verifyOurs(world)
  const theirs = await verifyTheirs(world)
  return { forgery, found: !ours.ok, agreed: isDeepStrictEqual(ours, theirs), ours, theirs }
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
      yield await judge(world, 'none')
      for (const [name, forge] of Object.entries(forgeries)) {
        const copy = world.copy()
        try {
          await forge(copy, random)
          yield await judge(copy, name)
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
export const isRight = ({ forgery, found, agreed }: Case): boolean => agreed && found === (forgery !== 'none')
