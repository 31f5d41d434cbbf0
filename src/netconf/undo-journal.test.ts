import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openUndoJournal, type Undo } from './undo-journal.ts'

const undo = (device: string): Undo => ({
  engine: 'wireguard',
  device,
  routes: ['10.0.0.0/16'],
  dns: false,
  owner: process.pid,
  ownerStart: 'now',
})

test('who lists while other tunnels come and go sees those that stay', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'enchilada-undo-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [mine, theirs] = [openUndoJournal(folder), openUndoJournal(folder)]
  const stays = undo('ench00000000')
  await mine.write(stays)
  let over = false
  const comingAndGoing = async (n: number) => {
    const device = `ench0000000${n}`
    while (!over) {
      await theirs.write(undo(device))
      await theirs.forget(device)
    }
  }
  const others = [1, 2, 3, 4].map(comingAndGoing)
  for (let looks = 0; looks < 300; looks += 1) expect(await mine.list()).toContainEqual(stays)
  over = true
  await Promise.all(others)
  expect(await mine.list()).toEqual([stays])
})

test("an entry that says what no document could is nobody's, and the others are listed beside it", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'enchilada-undo-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const journal = openUndoJournal(folder)
  const sound = undo('ench00000000')
  await journal.write(sound)
  const own = undo('ench00000001')
  const put = (text: string) => writeFileSync(join(folder, 'ench00000001.json'), text)
  put(JSON.stringify(own))
  expect(await journal.list()).toHaveLength(2)
  for (const unfit of [
    { device: "ench00000001'; Start-Process cmd; '" },
    { device: '../../../etc/passwd' },
    { device: 'eth0' },
    // Another's file would be forgotten in its place.
    { device: 'ench00000000' },
    { routes: ['0.0.0.0/0'] },
    { routes: ['10.0.0.0/16', '-ifscope'] },
    { routes: Array.from({ length: 201 }, () => '10.0.0.0/16') },
    { engine: 'sh' },
    { owner: -1 },
  ]) {
    put(JSON.stringify({ ...own, ...unfit }))
    expect(await journal.list(), JSON.stringify(unfit)).toEqual([sound])
  }
  for (const torn of ['', '{"engine":"wireguard","dev', 'null', '[]']) {
    put(torn)
    expect(await journal.list(), torn).toEqual([sound])
  }
})
