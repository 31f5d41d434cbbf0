import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFakeClock } from '../../test/fixtures/fake-clock.ts'
import { Secret } from '../kernel/secret.ts'
import { loginErrors } from './errors.ts'
import { freshSession, keep } from './kept-session.ts'
import type { AwsSession } from './session.ts'
import { openStore } from './store/open-store.ts'
import { sealedFiles } from './store/sealed-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'enchilada-sessions-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const passphrase = (text: string) => async () => new Secret(text)
const MINUTE = 60_000

const sessionUntil = (expiresAt: number): AwsSession => ({
  v: 1,
  method: 'saml',
  arn: 'arn:aws:sts::111122223333:assumed-role/Engineer/ada@example.com',
  account: '111122223333',
  person: 'ada@example.com',
  region: 'eu-west-1',
  expiresAt,
  keys: new Secret({ accessKeyId: 'ASIAEXAMPLE', secretAccessKey: 'hunter2-hunter2', sessionToken: 'token' }),
})

describe('an encrypted file', () => {
  test('gives back what it was given, to the same passphrase only', async () => {
    await sealedFiles(folder, passphrase('right')).save('default', new Secret('hunter2'))
    const [file = ''] = readdirSync(folder)
    expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(folder, file), 'utf8')).not.toContain('hunter2')
    expect((await sealedFiles(folder, passphrase('right')).load('default'))?.reveal()).toBe('hunter2')
    await expect(sealedFiles(folder, passphrase('wrong')).load('default')).rejects.toMatchObject({
      code: 'LOGIN_SESSION_UNREADABLE',
    })
    expect(await sealedFiles(folder, passphrase('right')).load('other')).toBeUndefined()
  })

  test('a byte changed, or the file under another name, is refused', async () => {
    const store = sealedFiles(folder, passphrase('right'))
    await store.save('default', new Secret('hunter2'))
    const text = readFileSync(join(folder, 'default.sealed'), 'utf8')
    writeFileSync(join(folder, 'admin.sealed'), text)
    await expect(store.load('admin')).rejects.toMatchObject({ code: 'LOGIN_SESSION_UNREADABLE' })
    const sealed: { data: string } = JSON.parse(text)
    const data = Buffer.from(sealed.data, 'base64')
    data.writeUInt8(data.readUInt8(0) ^ 1, 0)
    writeFileSync(join(folder, 'default.sealed'), JSON.stringify({ ...sealed, data: data.toString('base64') }))
    await expect(store.load('default')).rejects.toMatchObject({ code: 'LOGIN_SESSION_UNREADABLE' })
    await store.forget('default')
    expect(await store.load('default')).toBeUndefined()
  })

  test('stands in where no keychain works, if there is a passphrase; else nothing is kept', async () => {
    const keychain = async () => {
      throw loginErrors.LOGIN_KEYCHAIN_UNAVAILABLE({ reason: 'no bus' })
    }
    const open = (kind: 'keychain' | 'file' | undefined, env: Record<string, string>) =>
      openStore(kind, { folder, env, askPassphrase: undefined, keychain })
    expect((await open(undefined, {})).kind).toBe('none')
    expect((await open(undefined, { ENCHILADA_PASSPHRASE: 'x' })).kind).toBe('file')
    await expect(open('keychain', {})).rejects.toMatchObject({ code: 'LOGIN_KEYCHAIN_UNAVAILABLE' })
    await expect((await open('file', {})).save('a', new Secret('b'))).rejects.toMatchObject({
      code: 'LOGIN_PASSPHRASE_MISSING',
    })
  })
})

describe('a kept session', () => {
  const stage = async (leftMs: number, renew: () => Promise<AwsSession>) => {
    const clock = createFakeClock()
    const kept = { store: sealedFiles(folder, passphrase('right')), clock, renew }
    await keep(kept, 'default', sessionUntil(clock.now() + leftMs))
    return { kept, clock }
  }
  const failing = async (): Promise<AwsSession> => {
    throw new Error('the provider wants a password')
  }

  test('is renewed a quarter of an hour before its end, and kept anew', async () => {
    let renewals = 0
    const renewed = sessionUntil(9e12)
    const { kept } = await stage(14 * MINUTE, async () => {
      renewals += 1
      return renewed
    })
    expect((await freshSession(kept, 'default'))?.expiresAt).toBe(renewed.expiresAt)
    expect((await freshSession(kept, 'default'))?.keys.reveal().secretAccessKey).toBe('hunter2-hunter2')
    expect(renewals).toBe(1)
  })

  test('is used while it lasts when it cannot be renewed, and refused in its last minute', async () => {
    const { kept } = await stage(5 * MINUTE, failing)
    expect(await freshSession(kept, 'default')).toBeDefined()
    const late = await stage(MINUTE, failing)
    await expect(freshSession(late.kept, 'default')).rejects.toMatchObject({ code: 'LOGIN_EXPIRED' })
    expect(await freshSession(kept, 'nobody')).toBeUndefined()
  })
})
