import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createFakeBucket } from '../../test/fixtures/bucket.ts'
import {
  ada,
  browser,
  type GatewayStage,
  idOf,
  scope,
  setGatewayStage,
  size,
  typed,
} from '../../test/fixtures/gateway-stage.ts'
import { startSshd, type TestSshd } from '../../test/fixtures/sshd.ts'
import { formatScope } from '../model/scope.ts'
import { parsePolicies } from '../policy/policy-set.ts'
import { bucketFiles } from '../recording/bucket-files.ts'

const ONLY_CONNECT = 'permit (principal, action == Enchilada::Action::"connect", resource);'

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

describe('a session ends', () => {
  test.each<[string, (sessionId: string) => Promise<void>, string]>([
    [
      'when its instance goes',
      () => stage.store.notify.publish('instance-gone', { scope: formatScope(scope), instanceId: stage.instance.id }),
      'instance-gone',
    ],
    [
      'when the person loses access',
      () => stage.store.notify.publish('access-ended', { personId: ada.id }),
      'access-ended',
    ],
    ['by an operator', (id) => stage.gateway.end(id, { ...ada, id: 'idp olga', name: 'olga' }), 'ended-by-operator'],
    ['with its node', () => stage.gateway.close(), 'node-stopping'],
  ])('%s', async (_why, act, reason) => {
    const { channel } = await stage.open()
    await act(idOf(channel))
    await vi.waitFor(
      () => expect(stage.events.at(-1)).toMatchObject({ kind: 'session.disconnected', data: { reason } }),
      10_000,
    )
    expect(channel.closed).toBe(reason)
  })

  test('with its node, also while it is being opened', async () => {
    const connectionId = await stage.addConnection()
    const channel = browser()
    const opening = stage.gateway.open({ connectionId, person: ada, size, channel })
    await stage.gateway.close()
    expect(stage.events.at(-1)).toMatchObject({ kind: 'session.disconnected', data: { reason: 'node-stopping' } })
    await opening
    expect(channel.closed).toBe('node-stopping')
  })

  test('when the policies no longer allow it', async () => {
    const { channel } = await stage.open()
    stage.access.use(parsePolicies([]))
    await vi.waitFor(() => expect(stage.events.at(-1)?.kind).toBe('session.disconnected'), 10_000)
    expect([channel.closed, stage.events.at(-1)?.data?.['reason']]).toEqual(['access-withdrawn', 'access-withdrawn'])
  })

  test('when a tag of its instance changes and the policies ask for that tag', async () => {
    const text = 'permit (principal, action, resource) unless { resource.hasTag("closed") };'
    stage.access.use(parsePolicies([{ name: 'a.cedar', text }]))
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    await stage.start()
    const { channel } = await stage.open()
    const instance = JSON.stringify({ ...stage.instance, tags: { closed: '' } })
    await stage.store.db.updateTable('connections').set({ instance }).execute()
    vi.advanceTimersByTime(10_000)
    vi.useRealTimers()
    await vi.waitFor(() => expect(channel.closed).toBe('access-withdrawn'), 10_000)
  })

  test('for who watches it, when they no longer may; it goes on', async () => {
    const { channel, attachment } = await stage.open()
    const olga = { ...ada, id: 'idp olga', name: 'olga' }
    const watcher = browser()
    await stage.gateway.watch({ sessionId: idOf(channel), person: olga, channel: watcher })
    stage.access.use(parsePolicies([{ name: 'a.cedar', text: ONLY_CONNECT }]))
    expect(watcher.closed).toBe('access-withdrawn')
    await vi.waitFor(() => expect(stage.kinds()).toContain('session.watch-ended'), 10_000)
    expect(stage.events.at(-1)).toMatchObject({
      actor: olga.id,
      session: idOf(channel),
      data: { reason: 'access-withdrawn' },
    })
    attachment.input(typed('echo still-$((1+1))\n'))
    await vi.waitFor(() => expect(channel.text).toContain('still-2'), 10_000)
    expect(watcher.text).not.toContain('still-2')
  })

  test('nobody begins to watch it, and nobody comes back to it, when the policies changed since the ticket was given', async () => {
    const { channel, attachment } = await stage.open()
    const sessionId = idOf(channel)
    stage.access.use(parsePolicies([{ name: 'a.cedar', text: ONLY_CONNECT }]))
    const olga = { ...ada, id: 'idp olga', name: 'olga' }
    const watching = stage.gateway.watch({ sessionId, person: olga, channel: browser() })
    await expect(watching).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
    expect(stage.kinds()).not.toContain('session.watched')
    expect(stage.events.at(-1)).toMatchObject({ kind: 'access.refused', subject: sessionId, actor: olga.id })
    attachment.detach()
    const text = `permit (principal in Enchilada::Group::"engineer", action, resource);`
    stage.access.use(parsePolicies([{ name: 'a.cedar', text }]))
    // Signed in again, and of no group any more.
    const fewer = stage.gateway.resume({ sessionId, person: { ...ada, groups: [] }, size, channel: browser() })
    await expect(fewer).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
    await vi.waitFor(() => expect(stage.events.at(-1)).toMatchObject({ data: { reason: 'access-withdrawn' } }), 10_000)
  })

  test.each<[string, (ends: { left(): void }) => void, string]>([
    ['who leaves', (watch) => watch.left(), 'left'],
    ['when the session ends', () => void stage.gateway.close(), 'node-stopping'],
  ])('a watch ends once, in the trail too: %s', async (_who, act, reason) => {
    const { channel } = await stage.open()
    const watch = await stage.gateway.watch({ sessionId: idOf(channel), person: ada, channel: browser() })
    act(watch)
    const ends = () => stage.events.filter(({ kind }) => kind === 'session.watch-ended')
    await vi.waitFor(() => expect(ends()).toMatchObject([{ data: { reason } }]), 10_000)
    watch.left()
    expect(ends()).toHaveLength(1)
  })

  test('that was still being opened when its end was told', async () => {
    const connection = await stage.addConnection()
    const console = stage.console
    // The last thing asked before the host is touched: until it answers, nothing can be ended.
    let answer = () => {}
    const asked = new Promise<void>((resolve) => {
      stage.readConsole = () => {
        resolve()
        return new Promise((give) => {
          answer = () => give(console)
        })
      }
    })
    const opening = stage.open(connection)
    await asked
    await stage.store.notify.publish('access-ended', { personId: ada.id })
    answer()
    const { channel } = await opening
    expect(channel.closed).toBe('access-ended')
    expect(stage.events.at(-1)).toMatchObject({ kind: 'session.disconnected', data: { reason: 'access-ended' } })
  })

  test('by an operator of whom no notice came', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    await stage.start()
    const { channel } = await stage.open()
    await stage.store.db.updateTable('sessions').set({ end_asked_by: 'idp olga' }).execute()
    vi.advanceTimersByTime(10_000)
    vi.useRealTimers()
    await vi.waitFor(() => expect(channel.closed).toBe('ended-by-operator'), 10_000)
    await vi.waitFor(() => expect(stage.events.at(-1)).toMatchObject({ data: { by: 'idp olga' } }), 10_000)
  })

  test('by an operator who saw it in the list before it was live', async () => {
    const connected = Promise.withResolvers<string>()
    const release = Promise.withResolvers<void>()
    stage.beforeRecord = async ({ kind, session }) => {
      if (kind !== 'session.connected') return
      connected.resolve(session ?? '')
      await release.promise
    }
    const opening = stage.open()
    await stage.gateway.end(await connected.promise, { ...ada, id: 'idp olga', name: 'olga' })
    release.resolve()
    const { channel } = await opening
    expect(channel.closed).toBe('ended-by-operator')
  })

  test('when the ledger says that its instance is over and no notice came', { timeout: 30_000 }, async () => {
    const { channel } = await stage.open()
    const { id, state } = stage.instance
    const row = { scope: formatScope(scope), id, state, data: '{}', seen_at: 1, missing_since: null, ended_at: 1 }
    await stage.store.db.insertInto('instances').values(row).execute()
    await vi.waitFor(() => expect(channel.closed).toBe('instance-gone'), 20_000)
  })

  test('when its recording breaks', async () => {
    const { channel, attachment } = await stage.open()
    rmSync(join(stage.folder, 'recordings'), { recursive: true })
    writeFileSync(join(stage.folder, 'recordings'), 'no stage.folder any more')
    attachment.input(typed('head -c 1200000 /dev/urandom | base64\n'))
    await vi.waitFor(() => expect(channel.closed).toBe('recording-failed'), 10_000)
  })

  test('after its idle time, told beforehand', async () => {
    await stage.start({ idle: '1s' })
    const { channel } = await stage.open()
    await vi.waitFor(() => expect(channel.closed).toBe('idle-limit'), 10_000)
    expect(channel.said.some((message) => message.type === 'warning')).toBe(true)
  })

  test('when S3 denies its recording, and is sealed when S3 does not', { timeout: 30_000 }, async () => {
    const bucket = createFakeBucket()
    await stage.start({}, undefined, undefined, bucketFiles(bucket))
    const { channel, attachment } = await stage.open()
    const id = idOf(channel)
    bucket.trouble = 'denied'
    attachment.input(typed('head -c 1200000 /dev/urandom | base64\n'))
    await vi.waitFor(() => expect(channel.closed).toBe('recording-failed'), 10_000)
    await vi.waitFor(
      () =>
        expect(stage.events.at(-1)).toMatchObject({
          kind: 'session.disconnected',
          data: { reason: 'recording-failed', recording: { code: 'BUCKET_DENIED' } },
        }),
      10_000,
    )
    bucket.trouble = undefined
    await stage.gateway.recoverLost()
    expect(stage.events.at(-1)).toMatchObject({ kind: 'recording.sealed', session: id })
    expect(await stage.recordings.verify(id)).toMatchObject({ ok: true })
    const rows = await stage.store.db.selectFrom('sessions').select('recording').where('id', '=', id).execute()
    expect(rows).toEqual([{ recording: 'sealed' }])
  })
})
