import { Counter, Gauge, Registry } from 'prom-client'
import type { ShipPass, ShippedFile } from '../guacamole/ship.ts'
import { writeDurably } from '../kernel/durable-file.ts'

export type ShipMetrics = {
  /** A pass came to its end. */
  passed(pass: ShipPass, now: number): void
  broken(): void
  write(): Promise<void>
}

/** What `guacamole ship` counts, in a file for the textfile collector of Prometheus' node exporter: it listens nowhere. */
export function shipMetrics(path: string | undefined, registry = new Registry()): ShipMetrics {
  const named = (name: string, help: string) => ({ name: `enchilada_ship_${name}`, help, registers: [registry] })
  const shipped = new Counter(named('recordings_total', 'Recordings brought into the store'))
  const bytes = new Counter(named('bytes_total', 'Bytes of them as they are stored'))
  const missing = new Counter(named('missing_total', 'Sessions that should have a recording and have none'))
  const broken = new Counter(
    named('broken_passes_total', 'Looks that came to nothing: Guacamole or the folder was away'),
  )
  const waiting = new Gauge(named('waiting', 'Recordings that are not finished yet'))
  const stuck = new Gauge(named('stuck', 'Finished recordings that could not be brought away'))
  const oldest = new Gauge(named('stuck_seconds', 'Since the last write to the oldest of them'))
  const last = new Gauge(named('last_pass_timestamp_seconds', 'When a look was done, seconds since 1970'))
  return {
    passed({ files, missing: unseen }, now) {
      for (const one of files) {
        if (one.outcome !== 'shipped') continue
        shipped.inc()
        bytes.inc(one.bytes)
      }
      missing.inc(unseen.length)
      const held = files.filter(isStuck)
      stuck.set(held.length)
      oldest.set(held.reduce((age, one) => Math.max(age, now - one.writtenAt), 0) / 1000)
      waiting.set(files.filter((one) => one.outcome === 'waits' && !isStuck(one)).length)
      last.set(now / 1000)
    },
    broken: () => broken.inc(),
    async write() {
      if (path !== undefined) await writeDurably(path, await registry.metrics(), 0o644)
    },
  }
}

const isStuck = (one: ShippedFile): boolean =>
  one.outcome === 'failed' || (one.outcome === 'waits' && one.why === 'the store is away')
