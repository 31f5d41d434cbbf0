import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from './folders.ts'
import type { WorldReport } from './report.ts'

/** A world that is up: what its keeper wrote down when it was ready. */
export type World = WorldReport & { pid: number; firstProcess: number; dir: string; ok: boolean }

/** Where the one lasting world of a repository lives; others have a folder of their own beside it. */
export const lastingDir = join(repository, '.lab/world')

export function saveWorld(world: World): void {
  const file = join(world.dir, 'world.json')
  // Holds passwords, so for its owner alone, and whole or not at all.
  writeFileSync(`${file}.new`, `${JSON.stringify(world, undefined, 2)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** The lasting world, when its keeper lives. */
export function findWorld(dir = lastingDir): World | undefined {
  let world: World
  try {
    world = JSON.parse(readFileSync(join(dir, 'world.json'), 'utf8'))
  } catch {
    return undefined
  }
  if (isKeeper(world.pid, dir)) return world
  rmSync(join(dir, 'world.json'), { force: true })
  return undefined
}

/** A process id may be another's by now; the command line tells. */
export function isKeeper(pid: number, dir: string): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return words.includes('keeper.ts') && words.includes(JSON.stringify(dir).slice(1, -1))
  } catch {
    return false
  }
}
