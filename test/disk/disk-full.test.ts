import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { openTrail } from '../../src/audit/trail.ts'
import { verifyTrail } from '../../src/audit/verify-trail.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { silentLog } from '../../src/kernel/log.ts'
import type { AuditEvent } from '../../src/model/audit-event.ts'
import { type GatewayStage, idOf, setGatewayStage, typed } from '../fixtures/gateway-stage.ts'
import { mountSmallDisk, type SmallDisk } from '../fixtures/small-disk.ts'
import { startSshd, type TestSshd } from '../fixtures/sshd.ts'

const MEGABYTE = 1024 * 1024
const probe = mountSmallDisk(MEGABYTE)
if (typeof probe === 'string') console.log(`disk-full: not run here, ${probe}`)
else probe.remove()

let disk: SmallDisk
const mount = (bytes: number) => {
  const mounted = mountSmallDisk(bytes)
  if (typeof mounted === 'string') throw new Error(mounted)
  disk = mounted
}
afterEach(() => disk?.remove())

describe.skipIf(typeof probe === 'string')('a full disk under the trail', () => {
  const event: AuditEvent = {
    kind: 'session.connected',
    actor: 'ada',
    subject: 'c',
    source: 'fact',
    data: { text: 'x'.repeat(5_000) },
  }

  test('refuses with a code, and loses nothing that was answered for', async () => {
    mount(MEGABYTE)
    const directory = join(disk.folder, 'trail')
    const trail = await openTrail({ directory, writer: 'node-1', clock: systemClock, log: silentLog })
    let answered = 0
    for (let round = 0; round < 3; round += 1) {
      for (let n = 0; n < 5; n += 1) await trail.record(event).then(() => (answered += 1))
      disk.fill()
      await expect(trail.record(event)).rejects.toMatchObject({
        code: 'AUDIT_UNAVAILABLE',
        message: expect.stringContaining('ENOSPC'),
        hint: expect.stringContaining('Free space'),
      })
      expect(trail.state()).toMatchObject({ writable: false, seq: answered })
      expect(await verifyTrail({ directory })).toMatchObject({ ok: true, records: answered })
      disk.free()
    }
    await trail.record(event)
    expect(trail.state()).toEqual({ writable: true, seq: answered + 1 })
    await trail.close()
    expect(await verifyTrail({ directory })).toMatchObject({ ok: true, records: answered + 1 })
  })
})

describe.skipIf(typeof probe === 'string')('a full disk under the recorder', () => {
  let sshd: TestSshd
  let stage: GatewayStage
  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(() => sshd?.stop())
  beforeEach(async () => {
    mount(8 * MEGABYTE)
    stage = await setGatewayStage(sshd)
    await stage.start({}, undefined, join(disk.folder, 'recordings'))
  })
  afterEach(() => stage?.close())

  test('ends the session, says why, and keeps what was shown', { timeout: 60_000 }, async () => {
    const connection = await stage.addConnection()
    const { channel, attachment } = await stage.open(connection)
    const id = idOf(channel)
    attachment.input(typed('echo kept-$((1+1))\n'))
    await vi.waitFor(() => expect(channel.text).toContain('kept-2'), 10_000)
    // Written and synced is what comes before the disk is full.
    await vi.waitFor(async () => expect(await stage.recordedText(id)).toContain('kept-2'), 10_000)
    disk.fill()
    attachment.input(typed('head -c 600000 /dev/urandom | base64\n'))
    await vi.waitFor(() => expect(channel.closed).toBe('recording-failed'), 10_000)
    const ended = {
      kind: 'session.disconnected',
      session: id,
      data: { reason: 'recording-failed', recording: { code: 'RECORDING_UNAVAILABLE' } },
    }
    await vi.waitFor(() => expect(stage.events.at(-1)).toMatchObject(ended), 10_000)

    await expect(stage.open(connection)).rejects.toMatchObject({ code: 'RECORDING_UNAVAILABLE' })
    expect(stage.events.at(-1)).toMatchObject({ kind: 'session.refused', data: { code: 'RECORDING_UNAVAILABLE' } })

    disk.free()
    await stage.gateway.recoverLost()
    expect(stage.events.at(-1)).toMatchObject({ kind: 'recording.sealed', session: id })
    expect(await stage.recordings.verify(id)).toMatchObject({ ok: true })
    expect(await stage.recordedText(id)).toContain('kept-2')
  })
})
