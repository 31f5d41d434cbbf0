import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeWorld } from './describe.ts'
import { repository } from './folders.ts'
import type { Line, Step, WorldReport } from './report.ts'
import type { WorldSettings } from './settings.ts'
import { findWorld, lastingDir } from './world-file.ts'

export type UpOptions = {
  once: boolean
  json: boolean
  seed: string | undefined
  product: boolean
  built: boolean
  journey: boolean
  lambda: boolean
  tunnel: WorldSettings['tunnel']
  hard: boolean
}

const LASTING_PORTS = { portal: 7700, idp: 7701, aws: 7702, saml: 7703 }
const FREE_PORTS = { portal: 0, idp: 0, aws: 0, saml: 0 }

/** Starts a world and waits until it is ready; the exit code says whether all of it worked. */
export async function bringUp(options: UpOptions): Promise<number> {
  if (process.getuid?.() !== 0) {
    console.error('the lab makes network namespaces: run it as root')
    return 77
  }
  if (!options.once && findWorld()) {
    console.error('the lab is up already: script/lab status, script/lab stop')
    return 1
  }
  const dir = options.once ? join(repository, `.lab/once-${process.pid}`) : lastingDir
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir, { recursive: true, mode: 0o711 })
  const seed = options.seed ?? randomBytes(8).toString('hex')
  console.error(`lab: seed ${seed}, log ${join(dir, 'log')}`)
  const ports = options.once ? FREE_PORTS : LASTING_PORTS
  const { product, built, journey, lambda, tunnel, hard } = options
  const told = {
    dir,
    ports,
    seed,
    product,
    built,
    journey,
    lambda,
    lasting: !options.once,
    ...(tunnel && { tunnel }),
    ...(hard && { trial: 'hard' as const }),
  }
  const outcome = await watch(told, options.once)

  if (options.json) console.log(JSON.stringify(resultOf(outcome), undefined, 2))
  else if (outcome.report && !options.once) console.log(describeWorld(outcome.report))
  if (options.once && outcome.ok) rmSync(dir, { recursive: true, force: true })
  if (!outcome.ok) console.error(`lab: it did not work: ${outcome.fault ?? 'see the steps above'}`)
  return outcome.ok ? 0 : 1
}

type Outcome = { ok: boolean; steps: Step[]; report?: WorldReport; fault?: string }

function watch(settings: WorldSettings, once: boolean): Promise<Outcome> {
  const keeper = spawn(
    process.execPath,
    [fileURLToPath(new URL('./keeper.ts', import.meta.url)), JSON.stringify(settings)],
    { detached: true, stdio: ['ignore', 'ignore', openSync(join(settings.dir, 'keeper.log'), 'a'), 'ipc'] },
  )
  const outcome: Outcome = { ok: false, steps: [] }
  const interrupt = () => keeper.send('stop')
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  return new Promise<Outcome>((resolve) => {
    keeper.on('message', (line: Line) => {
      if (line.kind === 'step') {
        outcome.steps.push(line.step)
        printStep(line.step)
      } else if (line.kind === 'ready') {
        outcome.report = line.report
        outcome.ok = line.ok
        if (once) keeper.send('stop')
        else {
          keeper.disconnect()
          keeper.unref()
          resolve(outcome)
        }
      } else if (line.kind === 'ended') outcome.ok &&= line.ok
      else outcome.fault = line.message
    })
    keeper.on('exit', (code) => {
      outcome.ok &&= code === 0
      if (code !== 0) outcome.fault ??= `the world ended with ${code}: see ${settings.dir}`
      resolve(outcome)
    })
  }).finally(() => {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  })
}

function printStep({ name, ms, ok, detail }: Step): void {
  console.error(`${ok ? 'ok    ' : 'FAILED'} ${String(ms).padStart(6)} ms  ${name}${detail ? `: ${detail}` : ''}`)
}

function resultOf({ ok, steps, report }: Outcome): Record<string, unknown> {
  const {
    portal = null,
    idp = null,
    aws = null,
    saml = null,
    session = null,
    recording = null,
    trail = null,
  } = report ?? {}
  return { ok, steps, portal, idp, aws, saml, session, recording, trail }
}
