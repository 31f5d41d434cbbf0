import type { World } from '../config/world.ts'
import { createTakeIn } from '../guacamole/take-in-shipped.ts'
import { tellMissing } from '../guacamole/tell-missing.ts'

/** A bucket lists a thousand recordings a request, and each request costs. */
const BUCKET_EVERY_MS = 300_000
const FOLDER_EVERY_MS = 10_000
const MISSING_EVERY_MS = 60_000

/** What `serve` does about the recordings of a Guacamole, again and again: takes in what was shipped, and tells what is missing. */
export function recordingsOfGuacamole(world: World): { every: number; round(): Promise<void> }[] {
  const { guacamole, store, recordings, clock, log, config, access } = world
  if (!guacamole) return []
  const takeIn = createTakeIn({
    store,
    recordings,
    connections: config.connections,
    mentions: () => access.policies().mentions,
    clock,
    log,
  })
  const settled = new Set<string>()
  const takeInAll = async () => {
    const taken = await takeIn()
    if (taken > 0) log.info({ recordings: taken }, 'taken in from Guacamole')
  }
  const tellAll = async () => {
    // What has just come is not missing.
    await takeInAll()
    const missing = await tellMissing({
      store,
      history: guacamole.history,
      owned: () => guacamole.guacamole.owned(),
      clocksAhead: guacamole.clocksAhead,
      clock,
      missingAfter: guacamole.settings.recording?.missingAfter,
      settled,
    })
    for (const one of missing) log.error(one, 'a session of Guacamole has no recording')
  }
  return config.recordings.s3
    ? [{ every: BUCKET_EVERY_MS, round: tellAll }]
    : [
        { every: FOLDER_EVERY_MS, round: takeInAll },
        { every: MISSING_EVERY_MS, round: tellAll },
      ]
}
