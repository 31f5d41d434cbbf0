import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod'

export type Outcome = { passed: number; failed: number }

/** Where the words of a command go: where ours go, to standard error, or to standard error when it is over. */
export type Words = 'out' | 'error' | 'at the end'

/** Whether the command ended well. */
export function start(command: string, args: readonly string[], words: Words = 'out'): Promise<boolean> {
  const later = words === 'at the end'
  const stdout = words === 'out' ? 'inherit' : words === 'error' ? 2 : 'pipe'
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', stdout, later ? 'pipe' : 'inherit'] })
    const said: Buffer[] = []
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => said.push(chunk))
    child.on('error', () => resolve(false))
    child.on('close', (code) => {
      process.stderr.write(Buffer.concat(said))
      resolve(code === 0)
    })
  })
}

const vitestReport = z.object({ numPassedTests: z.number(), numFailedTests: z.number() })

/** Runs the tests of these folders, or all of them, but for some files. */
export async function vitest({
  folders = [],
  without = [],
  words = 'out',
}: {
  folders?: readonly string[]
  without?: readonly string[]
  words?: Words
}): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'enchilada-test-'))
  const file = join(folder, 'report.json')
  try {
    const reports = ['--reporter=default', '--reporter=json', `--outputFile=${file}`]
    const excluded = without.map((name) => `--exclude=${name}`)
    const ok = await start('node_modules/.bin/vitest', ['run', ...folders, ...excluded, ...reports], words)
    const report = vitestReport.parse(JSON.parse(readFileSync(file, 'utf8')))
    // A file that does not load fails without a failed test of its own.
    const unseen = !ok && report.numFailedTests === 0 ? 1 : 0
    return { passed: report.numPassedTests, failed: report.numFailedTests + unseen }
  } catch (error) {
    console.error(`vitest left no report: ${error}`)
    return { passed: 0, failed: 1 }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
