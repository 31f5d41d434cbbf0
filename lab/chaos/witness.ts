import pg from 'pg'
import type { Life } from './churn.ts'

/** What no run may ever show, however bad the day. */
export type Finding = { kind: 'wrong-removal' | 'resurrection'; id: string; at: number }

const EVERY_MS = 100

/**
 * Looks at the catalogue all along, by plain SQL, and keeps what must not be: an instance that was there and is missing while it lives,
 * one that is there again after it ended and was gone.
 */
export function startWitness(url: string, lives: ReadonlyMap<string, Life>) {
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  const findings: Finding[] = []
  const present = new Set<string>()
  const gone = new Set<string>()
  let samples = 0
  let stopped = false

  const read = async (): Promise<Set<string>> => {
    const { rows } = await pool.query<{ instance_id: string }>('select distinct instance_id from connections')
    return new Set(rows.map((row) => row.instance_id))
  }

  function judge(seen: ReadonlySet<string>, lookedAt: number): void {
    samples += 1
    for (const id of present) {
      if (seen.has(id)) continue
      present.delete(id)
      gone.add(id)
      const { endingAt } = lives.get(id) ?? {}
      if (endingAt === undefined || endingAt > lookedAt) findings.push({ kind: 'wrong-removal', id, at: lookedAt })
    }
    for (const id of seen) {
      present.add(id)
      if (gone.delete(id) && lives.get(id)?.endingAt !== undefined) {
        findings.push({ kind: 'resurrection', id, at: lookedAt })
      }
    }
  }

  const loop = (async () => {
    while (!stopped) {
      const startedAt = Date.now()
      const seen = await read().catch(() => undefined)
      if (seen) judge(seen, Date.now())
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, EVERY_MS - (Date.now() - startedAt))))
    }
  })()

  return {
    findings,
    samples: () => samples,
    read,
    /** Scopes with the time of their last complete listing, ms since 1970. */
    async sweeps(): Promise<{ scope: string; at: number }[]> {
      const { rows } = await pool.query<{ scope: string; last_sweep_at: string | null }>(
        'select scope, last_sweep_at from scopes',
      )
      return rows.map(({ scope, last_sweep_at }) => ({ scope, at: Number(last_sweep_at ?? 0) }))
    },
    async stop(): Promise<void> {
      stopped = true
      await loop
      await pool.end()
    },
  }
}
