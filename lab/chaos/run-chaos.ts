import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '../../test/fixtures/random.ts'
import { REGIONS } from '../aws/organisation.ts'
import type { Aws } from '../aws/start.ts'
import { startChurn, WORKLOADS } from './churn.ts'
import { beginMisfortune, drawFaults, endMisfortune } from './misfortune.ts'
import { type By, setStage } from './stage.ts'
import { type Finding, startWitness } from './witness.ts'

export type ChaosResult = {
  seed: number
  /** Instances whose whole life was watched. */
  lives: number
  ended: number
  crashes: number
  samples: number
  eventsLost: number
  findings: Finding[]
  /** After everything works again: ids that the catalogue and AWS do not agree on after one sweep, and after the proof of absence. */
  differentAfterSweep: string[]
  differentAfterProof: string[]
}

const SWEEP_MS = 3_000
const PROOF_MS = 5_000
/** An ended instance leaves AWS's listings after this: its end may have to be seen by its absence. */
const PURGE_MS = 6_000

export type ChaosOptions = { by: By; seed: number; seconds: number; workers: number; log(text: string): void }

/** A bad day: churn in three accounts and two regions, events lost and doubled, AWS failing, workers killed; then peace, and the reckoning. */
export async function runChaos({ by, seed, seconds, workers, log }: ChaosOptions): Promise<ChaosResult> {
  const random = createRandom(seed)
  const folder = mkdtempSync(join(tmpdir(), 'enchilada-chaos-'))
  const times = { sweepMs: SWEEP_MS, proofMs: PROOF_MS, purgeMs: PURGE_MS }
  const stage = await setStage({ by, folder, seed, workers, ...times })
  const { aws, organisation } = stage
  try {
    const churn = startChurn(aws.endpoint, organisation, random)
    const witness = startWitness(stage.databaseUrl, churn.lives)
    try {
      await until('the first sweep', async () => (await witness.sweeps().catch(() => [])).length > 0)
      await beginMisfortune(aws.lab, seed)
      const calmAt = Date.now() + seconds * 1000
      for (let n = 0; Date.now() < calmAt; n += 1) {
        await churn.step()
        if (n % 4 === 0) await misfortune(aws, organisation.accounts[random.pick(WORKLOADS)].id)
        if (n % 8 === 0) stage.crash(random.below(1_000))
        if (n % 5 === 0) await replay(aws)
        await pause(100 + random.below(200))
      }
      log(`${churn.lives.size} instances lived; everything works again`)
      await endMisfortune(aws.lab)
      const { counts } = await aws.lab.events(0)
      await sweptSince(Date.now())
      const differentAfterSweep = (await difference()).filter((one) => one.listed).map((one) => one.id)
      await pause(PROOF_MS)
      await sweptSince(Date.now())
      await sweptSince(Date.now())
      const differentAfterProof = (await difference()).map((one) => one.id)
      return {
        seed,
        lives: churn.lives.size,
        ended: [...churn.lives.values()].filter((life) => life.endedAt !== undefined).length,
        crashes: stage.crashes(),
        samples: witness.samples(),
        eventsLost: counts['dropped'] ?? 0,
        findings: witness.findings,
        differentAfterSweep,
        differentAfterProof,
      }
    } finally {
      await witness.stop()
    }

    async function misfortune(on: Aws, account: string) {
      await on.lab.setFaults(drawFaults(random, account))
    }

    /** What was true a while ago, told again. */
    async function replay(on: Aws) {
      const ended = [...churn.lives.values()].filter((life) => life.endedAt !== undefined)
      if (ended.length > 0) await on.lab.replayEvents({ instance: random.pick(ended).id, state: 'running' })
    }

    function sweptSince(moment: number): Promise<void> {
      return until('a complete sweep of every scope', async () => {
        const sweeps = await witness.sweeps()
        return sweeps.length >= WORKLOADS.length * REGIONS.length && sweeps.every(({ at }) => at > moment)
      })
    }

    async function difference(): Promise<{ id: string; listed: boolean }[]> {
      const [listed, held] = [await churn.truth(), await witness.read()]
      const ids = new Set([...listed.keys(), ...held])
      const isOver = (id: string) => !listed.has(id) || ['shutting-down', 'terminated'].includes(listed.get(id) ?? '')
      return [...ids].filter((id) => held.has(id) === isOver(id)).map((id) => ({ id, listed: listed.has(id) }))
    }
  } finally {
    await stage.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

async function until(what: string, met: () => Promise<boolean>, withinMs = 60_000): Promise<void> {
  const giveUpAt = Date.now() + withinMs
  while (!(await met())) {
    if (Date.now() > giveUpAt) throw new Error(`no ${what} within ${withinMs} ms`)
    await pause(100)
  }
}
