import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { run } from './commands.ts'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

describe.skipIf(process.getuid?.() !== 0)('a world', () => {
  test('sees nothing of the machine, and counts and refuses every packet that would leave', async () => {
    const seen = JSON.parse(await run(path('./enter.sh'), [process.execPath, path('./world.scenario.ts')]))
    expect(seen.before).toEqual(['lo'])
    expect(seen.links).toEqual(['cable1', 'lo', 'uplink'])
    expect(seen.clean).toEqual({ world: 0, hosts: 0, lookups: 0 })
    expect(seen).toMatchObject({ refused: true, unresolved: true })
    expect(seen.after.world).toBeGreaterThan(0)
    expect(seen.after.lookups).toBeGreaterThan(0)
    expect(seen.processes).toBeLessThan(6)
  }, 30_000)

  test('ends whole when its first process is killed, also what left its process group', async () => {
    const mark = `86400.${process.pid}`
    const world = spawn(path('./enter.sh'), ['bash', '-c', `setsid sleep ${mark} & echo up; wait`])
    await once(world.stdout, 'data')
    // The shell speaks as soon as it has forked; what it forked becomes `sleep` a moment later.
    await expect.poll(commandLines, { timeout: 5_000 }).toContain(`sleep ${mark}`)
    world.kill('SIGKILL')
    await once(world, 'close')
    expect(commandLines()).not.toContain(`sleep ${mark}`)
  })
})

const commandLines = (): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim()
      } catch {
        return ''
      }
    })
