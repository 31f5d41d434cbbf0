import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { listRecords } from '../../src/audit/list-records.ts'
import { openTrail } from '../../src/audit/trail.ts'
import { systemClock as clock } from '../../src/kernel/clock.ts'
import { silentLog } from '../../src/kernel/log.ts'
import { type Journal, openJournal } from '../../src/tunnel/journal.ts'
import type { LeaseTrail } from '../../src/tunnel/lease-trail.ts'
import { openTunnel } from '../../src/tunnel/open-tunnel.ts'
import { settle } from '../../src/tunnel/settle.ts'
import { mountSmallDisk, type SmallDisk } from '../fixtures/small-disk.ts'
import { enchilada } from '../login/product.ts'
import { openStage } from './stage.ts'

const BYTES = 512 * 1024
const probe = mountSmallDisk(BYTES)
if (typeof probe === 'string') console.log(`full disk under the journal: not run here, ${probe}`)
else probe.remove()

// Journal and trail of one laptop, on a file system that is really full.
describe.skipIf(typeof probe === 'string')('a full disk', () => {
  let stage: Awaited<ReturnType<typeof openStage>>
  let disk: SmallDisk
  beforeAll(async () => {
    stage = await openStage()
  }, 60_000)
  beforeEach(() => {
    const mounted = mountSmallDisk(BYTES)
    if (typeof mounted === 'string') throw new Error(mounted)
    disk = mounted
  })
  afterEach(() => disk.remove())
  const environments = mkdtempSync(join(tmpdir(), 'enchilada-full-'))
  afterAll(async () => {
    rmSync(environments, { recursive: true })
    await stage?.close()
  })

  const inState = (...names: string[]) => join(disk.folder, 'enchilada', ...names)
  const running = async () =>
    (await stage.aws.lab.instances()).filter(({ state }) => state === 'running' || state === 'pending').length
  async function launches(): Promise<number> {
    const { calls } = await stage.aws.lab.stats()
    return calls.filter(({ action }) => action === 'RunInstances').reduce((sum, one) => sum + one.calls, 0)
  }
  async function laptop() {
    const directory = inState('audit')
    const trail = await openTrail({ directory, writer: 'laptop', clock, log: silentLog })
    const recorded = async (id: string, kind?: string) =>
      (await listRecords(directory, { session: id, ...(kind && { kind }) }, { limit: 9 })).items.map((one) => one.kind)
    const told: LeaseTrail = { ...trail, has: async ({ id }, kind) => (await recorded(id, kind)).length > 0 }
    const machine = stage.laptop({})
    const parts = { ...machine.parts, journal: openJournal(inState('leases')), trail: told }
    return { ...machine, parts, recorded, close: trail.close }
  }
  /** The installed command line, with its state on that disk. */
  const cli = (...args: string[]) => {
    writeFileSync(join(environments, 'lab.yaml'), stage.text)
    return enchilada({ ...process.env, XDG_STATE_HOME: disk.folder, ENCHILADA_ENVIRONMENTS: environments }, args)
  }

  test('up launches nothing and says why', async () => {
    disk.fill()
    await stage.aws.lab.resetStats()
    expect(await cli('up', 'lab', '--json')).toMatchObject({
      ...{ code: 1, stdout: '', error: 'TUNNEL_JOURNAL_UNWRITABLE' },
      stderr: expect.stringContaining('ENOSPC'),
    })
    expect(await launches()).toBe(0)
  }, 60_000)

  test('full when the request was to be written: nothing is launched, not even to be looked for', async () => {
    const machine = await laptop()
    disk.fill()
    await stage.aws.lab.resetStats()
    await expect(openTunnel(machine.parts, stage.wish, machine.signal)).rejects.toMatchObject({
      code: 'TUNNEL_JOURNAL_UNWRITABLE',
    })
    expect(await launches()).toBe(0)
    expect(await machine.parts.journal.list()).toEqual({ entries: [], torn: [] })
    await machine.close()
  }, 60_000)

  test('full from the moment of the launch: the server is ended at once', async () => {
    const machine = await laptop()
    const onDisk = machine.parts.journal
    const journal: Journal = {
      ...onDisk,
      async write(entry) {
        await onDisk.write(entry)
        disk.fill()
      },
    }
    const opening = openTunnel({ ...machine.parts, journal }, stage.wish, machine.signal)
    await expect(opening).rejects.toMatchObject({ code: 'TUNNEL_JOURNAL_UNWRITABLE' })
    expect(await running()).toBe(0)
    expect(machine.devices.size).toBe(0)
    // What could not be recorded is known, and recorded when there is room.
    const { entries } = await onDisk.list()
    expect(entries).toHaveLength(1)
    disk.free()
    for (const entry of entries) await settle(machine.parts, entry, 'holder-died')
    expect(await machine.recorded(entries[0]?.lease.id ?? '')).toEqual(['tunnel.ended'])
    await machine.close()
  }, 60_000)

  test('full while the tunnel is held: its end ends the server; the disconnect is recorded when there is room', async () => {
    const machine = await laptop()
    const tunnel = await openTunnel(machine.parts, stage.wish, machine.signal)
    disk.fill()
    // The last page of a file has room beyond the last byte of the disk.
    const small = { kind: 'tunnel.launched', actor: '', subject: '', source: 'claim' } as const
    while (
      await machine.parts.trail.record(small).then(
        () => true,
        () => false,
      )
    );
    await expect(tunnel.close('asked')).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' })
    expect(await running()).toBe(0)
    expect(machine.devices.size).toBe(0)
    disk.free()
    await tunnel.close('asked')
    const kinds = ['tunnel.launched', 'tunnel.connected', 'tunnel.disconnected', 'tunnel.ended']
    expect((await machine.recorded(tunnel.lease.id)).sort()).toEqual(kinds.sort())
    await machine.close()
  }, 60_000)

  test.each(['gc', 'down'])(
    'full when its holder is dead: %s ends the server, and settles the rest later',
    async (verb) => {
      const machine = await laptop()
      const tunnel = await openTunnel(machine.parts, stage.wish, machine.signal)
      const [entry] = (await machine.parts.journal.list()).entries
      if (!entry) throw new Error('the journal has no entry')
      await machine.parts.journal.write({ ...entry, holder: { ...entry.holder, start: 'another' } })
      await machine.close()
      disk.fill()
      expect((await cli(verb, '--json')).code).toBe(1)
      expect(await running()).toBe(0)
      disk.free()
      expect(await cli(verb, '--json')).toMatchObject({ code: 0 })
      expect(await machine.parts.journal.list()).toEqual({ entries: [], torn: [] })
      expect((await machine.recorded(tunnel.lease.id)).filter((kind) => kind === 'tunnel.disconnected')).toHaveLength(1)
    },
    60_000,
  )
})
