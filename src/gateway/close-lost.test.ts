import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type GatewayStage, idOf, setGatewayStage } from '../../test/fixtures/gateway-stage.ts'
import { startSshd, type TestSshd } from '../../test/fixtures/sshd.ts'

let sshd: TestSshd
let stage: GatewayStage
beforeAll(async () => {
  sshd = await startSshd()
})
afterAll(() => sshd.stop())
beforeEach(async () => {
  stage = await setGatewayStage(sshd)
})
afterEach(() => stage.close())

const disconnects = () => stage.events.filter(({ kind }) => kind === 'session.disconnected')
const row = () => stage.store.db.selectFrom('sessions').selectAll().executeTakeFirstOrThrow()

describe('a session without an end in the database', () => {
  test('of a node that died is closed and sealed by the next, a round after it was suspected', async () => {
    const { channel } = await stage.open()
    const id = idOf(channel)
    const before = stage.gateway
    await stage.start()
    await stage.store.db.updateTable('sessions').set({ heartbeat_at: 0, node: 'node-0' }).execute()
    expect(await stage.gateway.recoverLost()).toBe(0)
    expect(await stage.gateway.recoverLost()).toBe(1)
    expect(disconnects()).toMatchObject([{ session: id, data: { reason: 'node-lost' } }])
    expect(await stage.recordings.verify(id)).toMatchObject({ ok: true })
    await before.close()
  })

  test('of a node that was only cut off is left to it: its heart beats again', async () => {
    await stage.open()
    const before = stage.gateway
    await stage.start()
    await stage.store.db.updateTable('sessions').set({ heartbeat_at: 0, node: 'node-0' }).execute()
    expect(await stage.gateway.recoverLost()).toBe(0)
    await stage.store.db.updateTable('sessions').set({ heartbeat_at: 1 }).execute()
    expect(await stage.gateway.recoverLost()).toBe(0)
    expect(disconnects()).toEqual([])
    await before.close()
  })

  test('that another node has closed ends here too', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    await stage.start()
    const { channel } = await stage.open()
    await stage.store.db.updateTable('sessions').set({ node: 'node-2' }).execute()
    vi.advanceTimersByTime(10_000)
    vi.useRealTimers()
    await vi.waitFor(() => expect(channel.closed).toBe('node-lost'), 10_000)
    await vi.waitFor(() => expect(disconnects()).toHaveLength(1), 10_000)
  })

  test('that is just beginning is no lost one', async () => {
    const connected = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    stage.beforeRecord = async ({ kind }) => {
      if (kind !== 'session.connected') return
      connected.resolve()
      await release.promise
    }
    const opening = stage.open()
    await connected.promise
    expect(await stage.gateway.recoverLost()).toBe(0)
    release.resolve()
    const { channel, attachment } = await opening
    attachment.finish()
    await vi.waitFor(() => expect(disconnects()).toMatchObject([{ data: { reason: 'closed-by-person' } }]), 10_000)
    expect(await stage.recordings.verify(idOf(channel))).toMatchObject({ ok: true })
  })

  test('because the database did not take it gets the end that was told, once', async () => {
    const { attachment } = await stage.open()
    await sql`create trigger away before update of ended_at on sessions begin select raise(abort, 'away'); end`.execute(
      stage.store.db,
    )
    attachment.finish()
    await vi.waitFor(() => expect(disconnects()).toHaveLength(1), 10_000)
    await stage.gateway.recoverLost()
    await sql`drop trigger away`.execute(stage.store.db)
    expect(await stage.gateway.recoverLost()).toBe(0)
    expect(disconnects()).toMatchObject([{ data: { reason: 'closed-by-person' } }])
    expect(await row()).toMatchObject({ end_reason: 'closed-by-person', recording: 'sealed' })
  })
})
