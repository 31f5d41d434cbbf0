import type { Steps } from '../world/report.ts'
import { ipv6Closed } from './ipv6-scene.ts'
import { namesLeftAlone } from './names-left-alone.ts'
import { expectEqual } from './probes.ts'
import { sameNetwork } from './same-network.ts'
import { away, onePort, raced, replaced, type Scene } from './scenes.ts'
import { makeTunnelWorld, type TunnelJourneyOptions } from './tunnel-world.ts'

/** A laptop that sleeps for longer than any engine waits by itself, and not as long as the server's grace. */
const ASLEEP_MS = 60_000
const WITHOUT_NETWORK_MS = 30_000

/** Engineers at once, each on a laptop of their own, with what goes wrong on other days. */
export async function runHardDay(steps: Steps, options: TunnelJourneyOptions): Promise<void> {
  const world = await makeTunnelWorld(steps, options)
  const days: [person: string, scenes: Scene[]][] = [
    ['ada', [onePort, replaced('terminated'), ipv6Closed]],
    ['grace', [raced, namesLeftAlone, away('asleep', ASLEEP_MS)]],
    ['carol', [sameNetwork, replaced('silent'), away('without a network', WITHOUT_NETWORK_MS)]],
  ]
  await Promise.all(
    days.map(async ([person, scenes], at) => {
      const laptop = await world.makeLaptop(at + 1, person)
      try {
        const before = await laptop.picture()
        for (const scene of scenes) await scene(of(person, steps), options, world, laptop)
        await steps.step(`${person}: the laptop is as it was`, async () =>
          expectEqual(await laptop.picture(), before, 'network'),
        )
      } finally {
        laptop.stop()
      }
    }),
  )
}

const of = (person: string, steps: Steps): Steps => ({
  ...steps,
  step: (name, work, detail) => steps.step(`${person}: ${name}`, work, detail),
})
