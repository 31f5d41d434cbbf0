import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod'

/**
 * Runs every check of the repository and ends with a plain line `N passed, N failed`.
 * A tool counts as one test; vitest counts its own.
 */
type Outcome = { passed: number; failed: number }
type Part = {
  name: string
  run: () => Promise<Outcome>
  /** Holds nothing that the other parts do not; run when it is named. */
  extra?: true
}

const bin = (tool: string) => `node_modules/.bin/${tool}`

function start(command: string, args: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', () => resolve(false))
    child.on('exit', (code) => resolve(code === 0))
  })
}

async function tool(label: string, command: string, args: readonly string[]): Promise<Outcome> {
  const startedAt = performance.now()
  const ok = await start(command, args)
  console.log(`${ok ? 'passed' : 'FAILED'}  ${label}  ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  return ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

const vitestReport = z.object({ numPassedTests: z.number(), numFailedTests: z.number(), success: z.boolean() })

async function vitest(...folders: string[]): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'enchilada-test-'))
  const file = join(folder, 'report.json')
  try {
    const ok = await start(bin('vitest'), [
      'run',
      ...folders,
      '--reporter=default',
      '--reporter=json',
      `--outputFile=${file}`,
    ])
    const report = vitestReport.parse(JSON.parse(readFileSync(file, 'utf8')))
    // A file that does not load fails without a failed test of its own.
    const unseen = !ok && report.numFailedTests === 0 ? 1 : 0
    return { passed: report.numPassedTests, failed: report.numFailedTests + unseen }
  } catch (error) {
    console.log(`vitest left no report: ${error}`)
    return { passed: 0, failed: 1 }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function inTurn(...outcomes: (() => Promise<Outcome>)[]): Promise<Outcome> {
  const sum = { passed: 0, failed: 0 }
  for (const run of outcomes) {
    const { passed, failed } = await run()
    sum.passed += passed
    sum.failed += failed
  }
  return sum
}

const parts: Part[] = [
  {
    name: 'check',
    run: () =>
      inTurn(
        () => tool('format and lint', bin('biome'), ['check', '.']),
        () => tool('types', bin('tsc'), ['--noEmit']),
        () => tool('types of the pages', bin('tsc'), ['--noEmit', '-p', 'web']),
        () => tool('nothing unused', bin('knip'), []),
      ),
  },
  { name: 'build', run: () => tool('bundles', process.execPath, ['script/build.ts']) },
  { name: 'unit', run: () => vitest() },
  { name: 'guacamole', run: () => vitest('src/catalogue', 'src/guacamole', 'test/guacamole'), extra: true },
  {
    name: 'lab',
    run: () =>
      inTurn(
        () => tool('the whole journey', 'script/lab', ['--once']),
        () => tool('the whole journey, discovery by functions', 'script/lab', ['--once', '--lambda']),
        () => tool('a tunnel into a peered VPC, by WireGuard', 'script/lab', ['--once', '--tunnel', 'wireguard']),
        () => tool('a tunnel into a peered VPC, by OpenVPN', 'script/lab', ['--once', '--tunnel', 'openvpn']),
      ),
  },
]

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !parts.some((part) => part.name === name))
if (unknown.length > 0) {
  console.error(`no part called ${unknown.join(', ')}; there are ${parts.map((part) => part.name).join(', ')}`)
  process.exit(64)
}
const chosen =
  wanted.length === 0 ? parts.filter((part) => !part.extra) : parts.filter((part) => wanted.includes(part.name))
const total = await inTurn(...chosen.map((part) => part.run))
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exit(total.failed === 0 ? 0 : 1)
