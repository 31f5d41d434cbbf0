import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import type { Clock } from '../kernel/clock.ts'
import type { EnvironmentNetwork } from './environment.ts'
import { hops, type Reach } from './routes.ts'

/**
 * What route tables said when they were last asked. Only a guess: a server is launched by it at once, and used only when the tables, asked while it boots,
 * still say so.
 */
export type KnownWays = {
  recall(network: EnvironmentNetwork): Promise<Reach[] | undefined>
  keep(network: EnvironmentNetwork, reach: readonly Reach[]): Promise<void>
}

/** An older guess is more often wrong, and then costs a second boot. */
const GUESS_FOR_MS = 7 * 24 * 3_600_000

const knownSchema = z.strictObject({
  v: z.literal(1),
  askedAt: z.number(),
  reach: z.array(
    z.strictObject({ cidr: z.cidrv4(), hop: z.enum(hops), via: z.string(), state: z.enum(['active', 'blackhole']) }),
  ),
})

/** A file a VPC. One that cannot be read or written costs the time of one call. */
export function knownWays(folder: string, clock: Clock): KnownWays {
  const pathOf = ({ region, vpc }: EnvironmentNetwork) => join(folder, `${region}-${vpc}.json`)
  return {
    async recall(network) {
      try {
        const { askedAt, reach } = knownSchema.parse(JSON.parse(await readFile(pathOf(network), 'utf8')))
        return Math.abs(clock.now() - askedAt) < GUESS_FOR_MS ? reach : undefined
      } catch {
        return undefined
      }
    },
    async keep(network, reach) {
      const known: z.infer<typeof knownSchema> = { v: 1, askedAt: clock.now(), reach: [...reach] }
      const temporary = `${pathOf(network)}.${process.pid}`
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await writeFile(temporary, JSON.stringify(known), { mode: 0o600 })
        await rename(temporary, pathOf(network))
      } catch {
        // The next launch asks first.
      }
    },
  }
}
