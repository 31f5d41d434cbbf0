import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { startSshd, type TestSshd } from '../../test/fixtures/sshd.ts'
import { createAccess } from '../access/access.ts'
import { factsOf } from '../access/policy-keys.ts'
import { createCredentialResolver } from '../credentials/resolve-credential.ts'
import { credentialsSettings } from '../credentials/settings.ts'
import { systemClock } from '../kernel/clock.ts'
import { silentLog } from '../kernel/log.ts'
import { Secret } from '../kernel/secret.ts'
import { openSigningKey } from '../kernel/signing-key.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { connectionId } from '../model/connection.ts'
import type { Instance } from '../model/instance.ts'
import type { Person } from '../model/person.ts'
import { formatScope, type Scope } from '../model/scope.ts'
import { policyKey } from '../policy/policy-key.ts'
import { parsePolicies } from '../policy/policy-set.ts'
import { directoryFiles } from '../recording/recording-files.ts'
import { openRecordings, type Recordings } from '../recording/recordings.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import type { ChannelMessage, TerminalChannel } from './channel.ts'
import { createGateway, type Gateway } from './gateway.ts'
import { openHostKeys } from './host-keys.ts'
import { gatewaySettings } from './settings.ts'

const scope: Scope = { tenant: 'acme', partition: 'aws', account: '111122223333', region: 'eu-west-1' }
const ada: Person = { id: 'idp ada', name: 'ada', groups: ['engineer'], mfa: true, authenticatedAt: 0 }
const policies = parsePolicies([
  {
    name: 'a.cedar',
    text: 'permit (principal in Enchilada::Group::"engineer", action, resource) when { context.mfa };',
  },
])

let sshd: TestSshd
beforeAll(async () => {
  sshd = await startSshd()
})
afterAll(() => sshd.stop())

let folder: string
let store: Store
let gateway: Gateway
let recordings: Recordings
let events: AuditEvent[]
let console_: string
let ec2: Instance | undefined
let instance: Instance
let trailBroken: boolean

const settings = (more: Record<string, unknown> = {}) => gatewaySettings.parse(more)

async function start(
  more: Record<string, unknown> = {},
  credentials: unknown = undefined,
  recordingFolder = join(folder, 'recordings'),
) {
  recordings = openRecordings({
    files: directoryFiles(recordingFolder),
    spool: recordingFolder,
    signer: await openSigningKey(join(folder, 'key.pem')),
    clock: systemClock,
  })
  const trail = {
    async record(event: AuditEvent) {
      if (trailBroken) throw new Error('the trail is gone')
      events.push(event)
    },
  }
  gateway = createGateway({
    store,
    access: createAccess({ store, policies, clock: systemClock }),
    recordings,
    resolveCredential: createCredentialResolver({
      settings: credentialsSettings.parse(credentials),
      env: {},
      calls: {
        readSecretValue: async () => new Secret('hunter2'),
        readParameter: async () => new Secret('hunter2'),
        pushSessionKey: async ({ publicKey }) => sshd.authorize(publicKey),
      },
    }),
    hostKeys: openHostKeys({ store, clock: systemClock }),
    lookUpInstance: async () => ec2,
    readConsoleOutput: async () => console_,
    trail,
    settings: settings(more),
    clock: systemClock,
    log: silentLog,
    node: 'node-1',
  })
}

async function addConnection(): Promise<string> {
  const id = connectionId(scope, instance.id, 'ssh', sshd.port)
  const row = {
    id,
    scope: formatScope(scope),
    tenant: scope.tenant,
    account: scope.account,
    region: scope.region,
    instance_id: instance.id,
    protocol: 'ssh',
    port: sshd.port,
    name: 'web-1',
    group_path: '["Prod"]',
    network: 'direct',
    user_name: sshd.userName,
    credential: null,
    instance_state: 'running',
    instance: JSON.stringify(instance),
    search: 'web-1',
    fingerprint: '',
    updated_at: 0,
  }
  const key = policyKey(factsOf(row), policies.mentions)
  await store.db
    .insertInto('connections')
    .values({ ...row, policy_key: key })
    .execute()
  return id
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'enchilada-gateway-'))
  store = await openSqlite(':memory:')
  events = []
  trailBroken = false
  console_ = [
    '-----BEGIN SSH HOST KEY KEYS-----',
    ...sshd.hostKeys.map((key) => `${key} root@host`),
    '-----END SSH HOST KEY KEYS-----',
  ].join('\r\n')
  instance = {
    id: 'i-0123456789abcdef0',
    state: 'running',
    platform: 'linux',
    imageId: 'ami-1',
    instanceType: 't3.nano',
    availabilityZone: 'eu-west-1a',
    launchedAt: 0,
    privateIp: '127.0.0.1',
    tags: {},
  }
  ec2 = instance
  await start()
})
afterEach(async () => {
  await gateway.close()
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

type Screen = TerminalChannel & { text: string; said: ChannelMessage[]; closed: string | undefined; held: number }

/** A browser that keeps what it got; `held` is how far it is behind. */
function browser(): Screen {
  const it: Screen = {
    text: '',
    said: [],
    closed: undefined,
    held: 0,
    send: (bytes) => {
      it.text += Buffer.from(bytes).toString('utf8')
    },
    say: (message) => void it.said.push(message),
    buffered: () => it.held,
    close: (reason) => {
      it.closed ??= reason
    },
  }
  return it
}

const size = { cols: 80, rows: 24 }
const kinds = () => events.map((event) => event.kind)
const idOf = (screen: Screen) => {
  const connected = screen.said.find((message) => message.type === 'connected')
  return connected?.type === 'connected' ? connected.sessionId : ''
}
const typed = (text: string) => Buffer.from(text)

async function open(id?: string) {
  const channel = browser()
  const attachment = await gateway.open({ connectionId: id ?? (await addConnection()), person: ada, size, channel })
  return { channel, attachment }
}

async function recordedText(id: string): Promise<string> {
  let text = ''
  for await (const [, kind, data] of recordings.events(id)) if (kind === 'o') text += data
  return text
}

describe('a terminal', () => {
  test('is opened by a key for this session, recorded, ended, and told from begin to end', async () => {
    const { channel, attachment } = await open()
    expect(channel.said.map((message) => ('step' in message ? message.step : message.type))).toEqual([
      'instance',
      'recording',
      'credential',
      'port',
      'login',
      'connected',
    ])
    attachment.input(typed('echo mark$((40+2))er\n'))
    await vi.waitFor(() => expect(channel.text).toContain('mark42er'), 10_000)
    attachment.finish()
    await vi.waitFor(() => expect(kinds()).toContain('session.disconnected'), 10_000)
    expect(kinds()).toEqual(['host-key.pinned', 'session.connected', 'recording.sealed', 'session.disconnected'])
    const id = idOf(channel)
    expect(await recordedText(id)).toContain('mark42er')
    const sealed = events.find((event) => event.kind === 'recording.sealed')
    expect(await recordings.verify(id, String(sealed?.data?.['manifest']))).toMatchObject({ ok: true })
    const row = await store.db.selectFrom('sessions').selectAll().executeTakeFirst()
    expect(row).toMatchObject({ end_reason: 'closed-by-person', recording: 'sealed' })
    expect(channel.closed).toBe('closed-by-person')
  })

  test('`exit` in the shell ends it', async () => {
    const { channel, attachment } = await open()
    attachment.input(typed('exit\n'))
    await vi.waitFor(() => expect(channel.closed).toBe('closed-by-target'), 10_000)
  })

  test('a lost browser comes back to the same shell and its screen', async () => {
    const { channel, attachment } = await open()
    attachment.input(typed('export KEPT=kept$((1+1)); echo before-$KEPT\n'))
    await vi.waitFor(() => expect(channel.text).toContain('before-kept2'), 10_000)
    attachment.detach()
    const again = browser()
    const resumed = await gateway.resume({
      sessionId: idOf(channel),
      person: ada,
      size: { cols: 100, rows: 30 },
      channel: again,
    })
    expect(again.text).toContain('before-kept2')
    resumed.input(typed('echo after-$KEPT $COLUMNS\n'))
    await vi.waitFor(() => expect(again.text).toContain('after-kept2 100'), 10_000)
    const other = gateway.resume({
      sessionId: idOf(channel),
      person: { ...ada, id: 'idp bob' },
      size,
      channel: browser(),
    })
    await expect(other).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' })
  })

  test('nobody comes back in the grace time: the shell ends', async () => {
    await start({ grace: '1s' })
    const { attachment } = await open()
    attachment.detach()
    await vi.waitFor(() => expect(events.at(-1)?.data?.['reason']).toBe('grace-expired'), 10_000)
  })

  test('is watched read-only, from what is on the screen', async () => {
    const { channel, attachment } = await open()
    attachment.input(typed('echo first-$((1+1))\n'))
    await vi.waitFor(() => expect(channel.text).toContain('first-2'), 10_000)
    const watcher = browser()
    await gateway.watch({ sessionId: idOf(channel), person: { ...ada, id: 'idp olga' }, channel: watcher })
    await vi.waitFor(() => expect(watcher.text).toContain('first-2'), 10_000)
    attachment.input(typed('echo second-$((1+1))\n'))
    await vi.waitFor(() => expect(watcher.text).toContain('second-2'), 10_000)
    expect(kinds()).toContain('session.watched')
  })

  test('a `yes` in the shell costs bounded memory while the browser is behind, and ends by Ctrl-C', async () => {
    const { channel, attachment } = await open()
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

describe('a session ends', () => {
  test.each<[string, (sessionId: string) => Promise<void>, string]>([
    [
      'when its instance goes',
      () => store.notify.publish('instance-gone', { scope: formatScope(scope), instanceId: instance.id }),
      'instance-gone',
    ],
    ['when the person loses access', () => store.notify.publish('access-ended', { personId: ada.id }), 'access-ended'],
    ['by an operator', (id) => gateway.end(id, { ...ada, id: 'idp olga', name: 'olga' }), 'ended-by-operator'],
    ['with its node', () => gateway.close(), 'node-stopping'],
  ])('%s', async (_why, act, reason) => {
    const { channel } = await open()
    await act(idOf(channel))
    await vi.waitFor(
      () => expect(events.at(-1)).toMatchObject({ kind: 'session.disconnected', data: { reason } }),
      10_000,
    )
    expect(channel.closed).toBe(reason)
  })

  test('when its recording breaks', async () => {
    const { channel, attachment } = await open()
    rmSync(join(folder, 'recordings'), { recursive: true })
    writeFileSync(join(folder, 'recordings'), 'no folder any more')
    attachment.input(typed('head -c 600000 /dev/urandom | base64\n'))
    await vi.waitFor(() => expect(channel.closed).toBe('recording-failed'), 10_000)
  })

  test('after its idle time, told beforehand', async () => {
    await start({ idle: '1s' })
    const { channel } = await open()
    await vi.waitFor(() => expect(channel.closed).toBe('idle-limit'), 10_000)
    expect(channel.said.some((message) => message.type === 'warning')).toBe(true)
  })

  test('of a node that died, sealed by the next', async () => {
    const { channel } = await open()
    const id = idOf(channel)
    const before = gateway
    await start()
    await store.db.updateTable('sessions').set({ heartbeat_at: 0, node: 'node-0' }).execute()
    expect(await gateway.recoverLost()).toBe(1)
    expect(events.at(-1)).toMatchObject({ kind: 'session.disconnected', session: id, data: { reason: 'node-lost' } })
    expect(await recordings.verify(id)).toMatchObject({ ok: true })
    await before.close()
  })
})

describe('a connect is refused', () => {
  const refused = async (code: string) => {
    await expect(open()).rejects.toMatchObject({ code })
    expect(events.at(-1)).toMatchObject({ data: { code } })
  }

  test('when the instance is gone, stopped or elsewhere', async () => {
    ec2 = undefined
    await refused('INSTANCE_GONE')
    await store.db.deleteFrom('connections').execute()
    ec2 = { ...instance, state: 'stopped' }
    await refused('INSTANCE_NOT_RUNNING')
    await store.db.deleteFrom('connections').execute()
    ec2 = { ...instance, privateIp: '127.0.0.2' }
    await refused('INSTANCE_MOVED')
  })

  test('when the second factor is missing', async () => {
    const open = gateway.open({
      connectionId: await addConnection(),
      person: { ...ada, mfa: false },
      size,
      channel: browser(),
    })
    await expect(open).rejects.toMatchObject({ code: 'ACCESS_NEEDS_MFA' })
    expect(kinds()).toEqual(['access.refused'])
  })

  test('when the host answers with another key', async () => {
    const other = ssh2.utils.generateKeyPairSync('ed25519').public
    console_ = `-----BEGIN SSH HOST KEY KEYS-----\n${other}\n-----END SSH HOST KEY KEYS-----`
    await refused('HOST_KEY_CHANGED')
    expect(kinds()).toContain('host-key.refused')
  })

  test('when the host key is not known, unless first use is allowed', async () => {
    console_ = ''
    await refused('HOST_KEY_UNKNOWN')
    await store.db.deleteFrom('connections').execute()
    await start({ hostKeys: 'first-use' })
    const { channel } = await open()
    expect(idOf(channel)).not.toBe('')
    expect(events.find((event) => event.kind === 'host-key.pinned')?.source).toBe('claim')
  })

  test('when nothing listens', async () => {
    const down = await startSshd()
    await down.stop()
    const id = await addConnection()
    await store.db.updateTable('connections').set({ port: down.port }).execute()
    await expect(gateway.open({ connectionId: id, person: ada, size, channel: browser() })).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
    })
  })

  test('when the login is wrong, or the secret may not go there', async () => {
    const key = {
      name: 'key',
      kind: 'private-key',
      source: { parameter: 'p' },
      allowed: { accounts: ['999999999999'] },
    }
    await start({}, [key])
    await refused('CREDENTIAL_NOT_ALLOWED')
    await store.db.deleteFrom('connections').execute()
    const password = {
      name: 'pw',
      kind: 'password',
      source: { parameter: 'p' },
      allowed: { accounts: [scope.account] },
    }
    await start({}, [password])
    await refused('TARGET_REFUSED_LOGIN')
    console_ = ''
    await store.db.deleteFrom('connections').execute()
    await store.db.deleteFrom('host_keys').execute()
    await refused('CREDENTIAL_NEEDS_KNOWN_HOST')
  })

  test('when it cannot be recorded, before the target is touched', async () => {
    writeFileSync(join(folder, 'file'), '')
    await start({}, undefined, join(folder, 'file'))
    await refused('RECORDING_UNAVAILABLE')
    expect(kinds()).not.toContain('host-key.pinned')
  })

  test('when the trail cannot be written; the recording that was begun is sealed', async () => {
    const id = await addConnection()
    trailBroken = true
    await expect(gateway.open({ connectionId: id, person: ada, size, channel: browser() })).rejects.toThrow()
    expect(await recordings.unsealed()).toEqual([])
    expect(readdirSync(join(folder, 'recordings'))).toHaveLength(1)
  })
})
