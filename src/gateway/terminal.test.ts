import { connect, createServer } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { freePort } from '../../test/fixtures/free-port.ts'
import {
  ada,
  browser,
  type GatewayStage,
  idOf,
  setGatewayStage,
  size,
  typed,
} from '../../test/fixtures/gateway-stage.ts'
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

describe('a terminal', () => {
  test('is opened by a key for this session, recorded, ended, and told from begin to end', async () => {
    const { channel, attachment } = await stage.open()
    expect(channel.said.map((message) => ('step' in message ? message.step : message.type))).toEqual([
      'instance',
      'recording',
      'port',
      'credential',
      'login',
      'connected',
    ])
    attachment.input(typed('echo mark$((40+2))er\n'))
    await vi.waitFor(() => expect(channel.text).toContain('mark42er'), 10_000)
    attachment.finish()
    await vi.waitFor(() => expect(stage.kinds()).toContain('session.disconnected'), 10_000)
    expect(stage.kinds()).toEqual(['host-key.pinned', 'session.connected', 'recording.sealed', 'session.disconnected'])
    const id = idOf(channel)
    expect(await stage.recordedText(id)).toContain('mark42er')
    const sealed = stage.events.find((event) => event.kind === 'recording.sealed')
    expect(await stage.recordings.verify(id, String(sealed?.data?.['manifest']))).toMatchObject({ ok: true })
    const row = await stage.store.db.selectFrom('sessions').selectAll().executeTakeFirst()
    expect(row).toMatchObject({ end_reason: 'closed-by-person', recording: 'sealed' })
    expect(channel.closed).toBe('closed-by-person')
  })

  test('of a host that boots is waited for, and its key read from the console then', async () => {
    const port = await freePort()
    const id = await stage.addConnection()
    await stage.store.db.updateTable('connections').set({ port }).execute()
    stage.ec2 = { ...stage.instance, launchedAt: Date.now() }
    stage.readConsole = async () => (booted.listening ? stage.console : '')
    const booted = createServer((socket) => void socket.pipe(connect(sshd.port, '127.0.0.1')).pipe(socket))
    const boot = setTimeout(() => booted.listen(port, '127.0.0.1'), 500)
    const { channel, attachment } = await stage.open(id)
    clearTimeout(boot)
    expect(channel.said.map((message) => ('step' in message ? message.step : message.type))).toEqual([
      ...['instance', 'recording', 'port', 'boot', 'credential', 'login'],
      'connected',
    ])
    attachment.finish()
    booted.close()
  })

  test('`exit` in the shell ends it', async () => {
    const { channel, attachment } = await stage.open()
    attachment.input(typed('exit\n'))
    await vi.waitFor(() => expect(channel.closed).toBe('closed-by-target'), 10_000)
  })

  test('a lost browser comes back to the same shell and its screen', async () => {
    const { channel, attachment } = await stage.open()
    attachment.input(typed('export KEPT=kept$((1+1)); echo before-$KEPT\n'))
    await vi.waitFor(() => expect(channel.text).toContain('before-kept2'), 10_000)
    attachment.detach()
    const again = browser()
    const resumed = await stage.gateway.resume({
      sessionId: idOf(channel),
      person: ada,
      size: { cols: 100, rows: 30 },
      channel: again,
    })
    expect(again.text).toContain('before-kept2')
    resumed.input(typed('echo after-$KEPT $COLUMNS\n'))
    await vi.waitFor(() => expect(again.text).toContain('after-kept2 100'), 10_000)
    const other = stage.gateway.resume({
      sessionId: idOf(channel),
      person: { ...ada, id: 'idp bob' },
      size,
      channel: browser(),
    })
    await expect(other).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' })
  })

  test('nobody comes back in the grace time: the shell ends', async () => {
    await stage.start({ grace: '1s' })
    const { attachment } = await stage.open()
    attachment.detach()
    await vi.waitFor(() => expect(stage.events.at(-1)?.data?.['reason']).toBe('grace-expired'), 10_000)
  })

  test('is watched read-only, from what is on the screen', async () => {
    const { channel, attachment } = await stage.open()
    attachment.input(typed('echo first-$((1+1))\n'))
    await vi.waitFor(() => expect(channel.text).toContain('first-2'), 10_000)
    const watcher = browser()
    await stage.gateway.watch({ sessionId: idOf(channel), person: { ...ada, id: 'idp olga' }, channel: watcher })
    await vi.waitFor(() => expect(watcher.text).toContain('first-2'), 10_000)
    attachment.input(typed('echo second-$((1+1))\n'))
    await vi.waitFor(() => expect(watcher.text).toContain('second-2'), 10_000)
    expect(stage.kinds()).toContain('session.watched')
  })

  test('a `yes` in the shell costs bounded memory while the browser is behind, and ends by Ctrl-C', async () => {
    const { channel, attachment } = await stage.open()
    let sent = 0
    channel.send = (bytes) => {
      sent += bytes.length
      channel.held += bytes.length
    }
    attachment.input(typed('yes\n'))
    await vi.waitFor(() => expect(channel.held).toBeGreaterThan(1024 * 1024), 10_000)
    const before = sent
    await new Promise((resolve) => setTimeout(resolve, 300))
    // What was in flight when the shell was paused: SSH's window of 2 MB at most.
    expect(sent - before).toBeLessThan(2.5 * 1024 * 1024)
    channel.held = 0
    channel.send = (bytes) => {
      channel.text = (channel.text + Buffer.from(bytes).toString('utf8')).slice(-2_000)
    }
    attachment.input(Buffer.from([3]))
    // The terminal throws away what was typed before the interrupt took effect.
    await vi.waitFor(() => expect(channel.text).toMatch(/[#$] $/), 20_000)
    attachment.input(typed('echo calm$((1+1))\n'))
    await vi.waitFor(() => expect(channel.text).toContain('calm2'), 20_000)
  })
})
