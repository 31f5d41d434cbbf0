import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  ada,
  browser,
  type GatewayStage,
  idOf,
  scope,
  setGatewayStage,
  size,
} from '../../test/fixtures/gateway-stage.ts'
import { startSshd, type TestSshd } from '../../test/fixtures/sshd.ts'
import { systemClock } from '../kernel/clock.ts'

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

describe('a connect is refused', () => {
  const refused = async (code: string) => {
    await expect(stage.open()).rejects.toMatchObject({ code })
    expect(stage.events.at(-1)).toMatchObject({ data: { code } })
  }

  test('when the instance is gone, stopped or elsewhere', async () => {
    stage.ec2 = undefined
    await refused('INSTANCE_GONE')
    await stage.store.db.deleteFrom('connections').execute()
    stage.ec2 = { ...stage.instance, state: 'stopped' }
    await refused('INSTANCE_NOT_RUNNING')
    await stage.store.db.deleteFrom('connections').execute()
    stage.ec2 = { ...stage.instance, privateIp: '127.0.0.2' }
    await refused('INSTANCE_MOVED')
  })

  test('when its address is not its own, or another gateway has to be taken', async () => {
    const id = await stage.addConnection()
    const mine = await stage.store.db.selectFrom('connections').selectAll().executeTakeFirstOrThrow()
    const twin = { ...stage.instance, id: 'i-0123456789abcdef1', vpcId: 'vpc-2' }
    await stage.store.db
      .insertInto('connections')
      .values({
        ...mine,
        id: 'twin',
        account: '444455556666',
        instance_id: twin.id,
        instance: JSON.stringify(twin),
        search: `web-2 ${twin.id} ${twin.privateIp} t3.nano`,
      })
      .execute()
    await expect(stage.open(id)).rejects.toMatchObject({ code: 'ADDRESS_AMBIGUOUS' })
    await stage.store.db.updateTable('connections').set({ network: 'customer-b' }).where('id', '=', 'twin').execute()
    const { attachment } = await stage.open(id)
    attachment.finish()
    stage.ec2 = twin
    await expect(stage.open('twin')).rejects.toMatchObject({ code: 'NETWORK_NOT_REACHED' })
  })

  test('when the second factor is missing', async () => {
    const opened = stage.gateway.open({
      connectionId: await stage.addConnection(),
      person: { ...ada, mfa: false },
      size,
      channel: browser(),
    })
    await expect(opened).rejects.toMatchObject({ code: 'ACCESS_NEEDS_MFA' })
    expect(stage.kinds()).toEqual(['access.refused'])
  })

  test('when the host answers with another key', async () => {
    const other = ssh2.utils.generateKeyPairSync('ed25519').public
    stage.console = `-----BEGIN SSH HOST KEY KEYS-----\n${other}\n-----END SSH HOST KEY KEYS-----`
    await refused('HOST_KEY_CHANGED')
    expect(stage.kinds()).toContain('host-key.refused')
  })

  test('when the host key is not known, unless first use is allowed', async () => {
    stage.console = ''
    await refused('HOST_KEY_UNKNOWN')
    await stage.store.db.deleteFrom('connections').execute()
    await stage.start({ hostKeys: 'first-use' })
    const { channel } = await stage.open()
    expect(idOf(channel)).not.toBe('')
    expect(stage.events.find((event) => event.kind === 'host-key.pinned')?.source).toBe('claim')
  })

  test('when nothing listens', async () => {
    const down = await startSshd()
    await down.stop()
    const id = await stage.addConnection()
    await stage.store.db.updateTable('connections').set({ port: down.port }).execute()
    await expect(stage.gateway.open({ connectionId: id, person: ada, size, channel: browser() })).rejects.toMatchObject(
      {
        code: 'TARGET_UNREACHABLE',
      },
    )
  })

  const connectionTo = async (host: Server) => {
    host.listen(0, '127.0.0.1')
    await once(host, 'listening')
    const address = host.address()
    const port = typeof address === 'object' ? address?.port : 0
    const id = await stage.addConnection()
    await stage.store.db.updateTable('connections').set({ port }).execute()
    return id
  }

  test.each<[string, (socket: Socket) => void]>([
    ['never says who it is', () => undefined],
    ['resets when it is spoken to', (socket) => socket.once('data', () => socket.resetAndDestroy())],
  ])('when it %s', async (_what, serve) => {
    const host = createServer((socket) => serve(socket.on('error', () => undefined)))
    const id = await connectionTo(host)
    await stage.start({ connectTimeout: '1s' })
    await expect(stage.open(id)).rejects.toMatchObject({ code: 'TARGET_FAILED' })
    // What the SSH library has to say after it has failed: unheard, it would end the process.
    await systemClock.sleep(100)
    host.close()
  })

  test('when it hangs up before it is logged in to', async () => {
    const fickle = createServer((socket) => void setTimeout(() => socket.resetAndDestroy(), 50))
    const id = await connectionTo(fickle)
    stage.readConsole = async () => {
      await systemClock.sleep(300)
      return stage.console
    }
    await expect(stage.open(id)).rejects.toMatchObject({ code: 'TARGET_FAILED' })
    fickle.close()
  })

  test('when the login is wrong, or the secret may not go there', async () => {
    const key = {
      name: 'key',
      kind: 'private-key',
      source: { parameter: 'p' },
      allowed: { accounts: ['999999999999'] },
    }
    await stage.start({}, [key])
    await refused('CREDENTIAL_NOT_ALLOWED')
    await stage.store.db.deleteFrom('connections').execute()
    const password = {
      name: 'pw',
      kind: 'password',
      source: { parameter: 'p' },
      allowed: { accounts: [scope.account] },
    }
    await stage.start({}, [password])
    await refused('TARGET_REFUSED_LOGIN')
    stage.console = ''
    await stage.store.db.deleteFrom('connections').execute()
    await stage.store.db.deleteFrom('host_keys').execute()
    await refused('CREDENTIAL_NEEDS_KNOWN_HOST')
  })

  test('when it cannot be recorded, before the target is touched', async () => {
    writeFileSync(join(stage.folder, 'file'), '')
    await stage.start({}, undefined, join(stage.folder, 'file'))
    await refused('RECORDING_UNAVAILABLE')
    expect(stage.kinds()).not.toContain('host-key.pinned')
  })

  test('when the trail cannot be written; the recording that was begun is sealed', async () => {
    const id = await stage.addConnection()
    stage.trailBroken = true
    await expect(stage.gateway.open({ connectionId: id, person: ada, size, channel: browser() })).rejects.toThrow()
    expect(await stage.recordings.unsealed()).toEqual([])
    expect(readdirSync(join(stage.folder, 'recordings'))).toHaveLength(1)
  })
})
