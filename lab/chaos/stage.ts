import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startPostgres } from '../../test/fixtures/postgres.ts'
import { makeOrganisation, type Organisation, REGIONS, writeProfiles } from '../aws/organisation.ts'
import { type Aws, startAws } from '../aws/start.ts'
import { startDatabase } from '../world/database.ts'
import { deployStacks } from '../world/deploy-stacks.ts'
import { startPortalMachine } from '../world/portal-machine.ts'
import { WORKLOADS } from './churn.ts'
import { startWorkers } from './workers.ts'

/** Who does discovery: `serve` processes on one PostgreSQL, or the functions with one `serve` beside them. */
export type By = 'serve' | 'lambda'

export type Stage = {
  aws: Aws
  organisation: Organisation
  databaseUrl: string
  /** Kills one of those at work, wherever it is. */
  crash(dice: number): void
  crashes(): number
  stop(): Promise<void>
}

export type StageOptions = {
  by: By
  folder: string
  seed: number
  workers: number
  sweepMs: number
  proofMs: number
  purgeMs: number
}

export async function setStage(options: StageOptions): Promise<Stage> {
  const { by, folder, sweepMs, proofMs, purgeMs, seed } = options
  const aws = await startAws({ pendingMs: 300, stoppingMs: 300, purgeMs, seed })
  const organisation = await makeOrganisation(aws.endpoint)
  const accounts = WORKLOADS.map((name) => ({ id: organisation.accounts[name].id, name }))
  const env = writeProfiles(join(folder, 'aws'), aws.endpoint, organisation)
  const forFunctions = by === 'lambda' ? await startDatabase(aws.endpoint, organisation) : undefined
  const database = forFunctions ?? (await startPostgres())
  const wiring = await deployStacks({
    dir: join(folder, 'deploy'),
    env,
    organisation,
    tenant: 'acme',
    ...(forFunctions && { functions: { ...forFunctions.functions, accounts } }),
  })
  const role = await startPortalMachine(aws, organisation, wiring)
  const workers = startWorkers({
    folder,
    count: by === 'lambda' ? 1 : options.workers,
    env: { ...role, DATABASE_URL: database.url },
    configuration: {
      tenant: 'acme',
      signIn: { issuer: 'http://localhost:9', clientId: 'none' },
      store: { postgres: { env: 'DATABASE_URL' } },
      aws: {
        homeRegion: wiring.homeRegion,
        accounts,
        regions: [...REGIONS],
        eventQueue: wiring.queueUrl,
      },
      discovery: { by, sweepEvery: `${sweepMs / 1000}s`, absenceProof: `${proofMs / 1000}s` },
    },
  })
  const driver = by === 'lambda' ? startFunctions(aws, sweepMs) : undefined

  return {
    aws,
    organisation,
    databaseUrl: database.url,
    crash: (dice) => (driver ? driver.crash(dice) : workers.crash(1 + (dice % options.workers))),
    crashes: () => driver?.crashes() ?? workers.crashes(),
    async stop() {
      driver?.stop()
      await workers.stop()
      await aws.stop()
      await database.stop()
    },
  }
}

/** What a minute's schedule is at AWS is too slow for a short day: it is fired by hand. */
function startFunctions(aws: Aws, sweepMs: number) {
  let crashes = 0
  const timer = setInterval(() => void aws.lab.fireSchedules('Enchilada').catch(() => undefined), sweepMs)
  return {
    crash(dice: number): void {
      const running = functionProcesses(aws.pid)
      const chosen = running[dice % running.length]
      if (chosen === undefined) return
      process.kill(chosen, 'SIGKILL')
      crashes += 1
    },
    crashes: () => crashes,
    stop: () => clearInterval(timer),
  }
}

/** Environments of functions are children of the emulator. */
function functionProcesses(parent: number): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const [, after = ''] = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')
      const isOurs = Number(after.split(' ')[1]) === parent
      return isOurs && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('function_host') ? [Number(name)] : []
    } catch {
      // It ended meanwhile.
      return []
    }
  })
}
