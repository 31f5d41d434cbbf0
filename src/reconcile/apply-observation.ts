import type { BuiltInCatalogue } from '../catalogue/built-in.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import type { Observation } from '../model/observation.ts'
import { formatScope } from '../model/scope.ts'
import { putInOutbox } from '../store/outbox.ts'
import type { ConnectionSettings } from '../wanted/settings.ts'
import { wantedConnections } from '../wanted/wanted-connections.ts'
import { assemble } from './assemble-pages.ts'
import { auditOf } from './audit-changes.ts'
import { knownNameOf, noteFreshness } from './freshness.ts'
import { forgetTombstones, readLedger, writeLedger } from './ledger.ts'
import { BRAKE, type Known, planChanges } from './plan.ts'
import { createTeller, type TellDeps } from './tell-changes.ts'

export type Applied = {
  outcome: 'applied' | 'stale' | 'incomplete' | 'waiting-for-pages'
  /** Connections written and removed. */
  put: number
  removed: number
  /** Ids to look up again later. */
  unknown: string[]
  heldBack: number
}

export type ApplyDeps = TellDeps & {
  catalogue: BuiltInCatalogue
  clock: Clock
  log: Log
  connections: ConnectionSettings
  absenceProof: number
}

export type Applier = {
  /** Brings ledger and catalogue of one scope in step with one observation. Safe to repeat, and to be cut short anywhere. */
  apply(part: Observation): Promise<Applied>
  /** A message that was no event is a record in the trail. */
  noteMalformed(message: { id: string; reason: string }): Promise<void>
}

export function createApplier(deps: ApplyDeps): Applier {
  const { store, catalogue, clock } = deps
  const tell = createTeller(deps)

  async function apply(part: Observation): Promise<Applied> {
    const { scope } = part
    const key = formatScope(scope)
    const { applied, changes, ended, records } = await store.withLock(`scope ${key}`, async (trx) => {
      const nothing = (outcome: Applied['outcome'], unknown: string[] = []) => ({
        applied: { outcome, put: 0, removed: 0, unknown, heldBack: 0 },
        changes: { put: [], removed: [], refused: [] },
        ended: [],
        records: 0,
      })
      const fence = await trx
        .selectFrom('scopes')
        .select('applied_begun_at')
        .where('scope', '=', key)
        .executeTakeFirst()
      // A later listing went first. What this look saw and AWS did not list yet, nobody would speak of until the next sweep.
      if (part.begunAt < (fence?.applied_begun_at ?? 0)) return nothing('stale', part.asked)
      const observation = await assemble(trx, part, clock.now())
      if (!observation) return nothing('waiting-for-pages')

      const known = await readLedger(trx, scope, [
        ...observation.asked,
        ...observation.instances.map((instance) => instance.id),
      ])
      const plan = planChanges(known, observation, { absenceProof: deps.absenceProof, brake: BRAKE })
      const rows: Known[] = [...plan.put, ...plan.ended.map((one) => one.known)]
      await writeLedger(trx, scope, rows)
      if (observation.complete && observation.kind === 'listing') await forgetTombstones(trx, scope, clock.now())
      const after = new Map([...known, ...rows.map((row) => [row.instance.id, row] as const)])
      const alive = [...after.values()].filter((row) => row.endedAt === undefined).map((row) => row.instance)
      const wanted = wantedConnections(
        { scope, accountName: observation.accountName ?? (await knownNameOf(trx, scope)), instances: alive },
        deps.connections,
      )
      const changes = await catalogue.write(trx, scope, wanted, clock.now())
      const held = new Set(plan.heldBack)
      const news = auditOf(scope, known, plan)
      await putInOutbox(trx, news)
      await noteFreshness(trx, {
        observation,
        drift: news.length,
        heldBack: held.size,
        now: clock.now(),
      })
      return {
        applied: {
          outcome: observation.complete ? ('applied' as const) : ('incomplete' as const),
          put: changes.put.length,
          removed: changes.removed.length,
          unknown: plan.unknown,
          heldBack: held.size,
        },
        changes,
        ended: plan.ended.map((one) => one.known.instance.id),
        records: news.length,
      }
    })
    await tell.change({ scope: key, changes, ended, records })
    return applied
  }

  return {
    apply,
    async noteMalformed({ id, reason }) {
      const event = { kind: 'discovery.malformed', actor: 'system:discovery', subject: id, source: 'claim' } as const
      await putInOutbox(store.db, [{ ...event, data: { reason } }])
      await tell.records(1)
    },
  }
}
