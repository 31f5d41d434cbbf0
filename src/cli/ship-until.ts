import type { ShipPass, ShippedFile } from '../guacamole/ship.ts'
import type { Clock } from '../kernel/clock.ts'
import { reasonOf } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { ShipMetrics } from './ship-metrics.ts'

const EVERY_MS = 15_000
/** While Guacamole or the store is away, at the most: each try reads again what it could not bring away. */
const SLOWEST_MS = 300_000

/** Pass after pass until the signal, which also cuts a pass short. Operators read of each trouble once. */
export async function shipUntil(
  {
    pass,
    clock,
    log,
    metrics,
  }: { pass(signal: AbortSignal): Promise<ShipPass>; clock: Clock; log: Log; metrics: ShipMetrics },
  signal: AbortSignal,
): Promise<void> {
  let told: ReadonlySet<string> = new Set()
  let trouble: string | undefined
  let pause = EVERY_MS
  while (!signal.aborted) {
    let isHeldUp = true
    try {
      const done = await pass(signal)
      if (trouble !== undefined) log.info({}, 'passes go on')
      trouble = undefined
      told = tell(done, told, log)
      isHeldUp = done.isStoreAway
      metrics.passed(done, clock.now())
    } catch (error) {
      const reason = reasonOf(error)
      if (reason !== trouble) log.error({ reason }, 'a pass failed; it comes again')
      trouble = reason
      metrics.broken()
    }
    await metrics.write().catch((error: unknown) => log.warn({ reason: reasonOf(error) }, 'metrics are not written'))
    pause = isHeldUp ? Math.min(pause * 2, SLOWEST_MS) : EVERY_MS
    await clock.sleep(pause, signal).catch(() => undefined)
  }
}

/** What failed and was told; of that the next pass says nothing. */
function tell({ files, missing }: ShipPass, told: ReadonlySet<string>, log: Log): ReadonlySet<string> {
  const failed = new Map(files.flatMap((one) => (one.outcome === 'failed' ? [[keyOf(one), one] as const] : [])))
  for (const one of files) if (one.outcome === 'shipped') log.info(one, 'shipped')
  for (const [key, one] of failed) if (!told.has(key)) log.error(one, 'not shipped')
  for (const one of missing) log.error(one, 'a session has no recording')
  return new Set(failed.keys())
}

const keyOf = (one: ShippedFile & { outcome: 'failed' }): string => `${one.file} ${one.code}`
