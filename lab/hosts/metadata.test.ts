import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LabInstance } from '../aws/doors.ts'
import { createMetadataService } from './metadata.ts'

const instance: LabInstance = {
  id: 'i-0123456789abcdef0',
  account: '111122223333',
  region: 'eu-west-1',
  zone: 'eu-west-1a',
  state: 'running',
  changes: 2,
  privateIp: '127.0.0.1',
  publicIp: null,
  vpc: { id: 'vpc-1', cidr: '10.0.0.0/16' },
  subnet: { id: 'subnet-1', cidr: '10.0.0.0/20' },
  mac: '02:00:00:00:00:09',
  image: 'ami-1',
  platform: 'linux',
  type: 't3.nano',
  userData: Buffer.from('#!/bin/sh\ntrue\n').toString('base64'),
  shutdownBehavior: 'stop',
  keyName: 'main',
  publicKey: 'ssh-ed25519 AAAA main',
  instanceProfile: null,
  metadataTokens: 'required',
  metadataTags: 'enabled',
  launchTime: '2026-11-24T00:00:00Z',
  tags: { 'team:name': 'blue' },
}

let clock = 1_000_000
let known = true
const service = createMetadataService(
  {
    find: () => (known ? instance : undefined),
    credentials: async () => ({
      role: 'Writer',
      accessKeyId: 'ASIA1',
      secretAccessKey: 'secret',
      token: 'token',
      expiration: '2026-11-24T06:00:00Z',
    }),
    sentKeys: async (_, user) =>
      user === 'ec2-user'
        ? [{ instance: instance.id, user, key: 'ssh-ed25519 BBBB', account: instance.account, at: 0, until: 0 }]
        : [],
  },
  () => clock,
)
let origin: string

beforeAll(async () => {
  service.listen(0, '127.0.0.1')
  await once(service, 'listening')
  const address = service.address()
  origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
})
afterAll(() => void service.close())

async function giveToken(seconds = '60'): Promise<string> {
  const answer = await fetch(`${origin}/latest/api/token`, {
    method: 'PUT',
    headers: { 'x-aws-ec2-metadata-token-ttl-seconds': seconds },
  })
  return answer.ok ? answer.text() : `refused ${answer.status}`
}

const get = (path: string, token: string) =>
  fetch(`${origin}${path}`, { headers: { 'x-aws-ec2-metadata-token': token } })

describe('the metadata service', () => {
  test('answers with a token only, and only while it lasts', async () => {
    expect((await fetch(`${origin}/latest/meta-data/instance-id`)).status).toBe(401)
    const token = await giveToken('60')
    expect(await (await get('/latest/meta-data/instance-id', token)).text()).toBe(instance.id)
    clock += 61_000
    expect((await get('/latest/meta-data/instance-id', token)).status).toBe(401)
  })

  test('refuses tokens of no or of too long a life', async () => {
    expect(await giveToken('0')).toBe('refused 400')
    expect(await giveToken('21601')).toBe('refused 400')
  })

  test('lists folders as the real one does', async () => {
    const token = await giveToken()
    const listed = await (await get('/latest/meta-data/', token)).text()
    expect(listed.split('\n')).toEqual(expect.arrayContaining(['instance-id', 'placement/', 'public-keys/']))
    expect(await (await get('/latest/meta-data/public-keys/', token)).text()).toBe('0=main')
    expect(await (await get('/latest/meta-data/placement/region', token)).text()).toBe('eu-west-1')
  })

  test('gives user data decoded, and the keys of Instance Connect by user', async () => {
    const token = await giveToken()
    expect(await (await get('/latest/user-data', token)).text()).toBe('#!/bin/sh\ntrue\n')
    const keysOf = async (user: string) => {
      const answer = await get(`/latest/meta-data/managed-ssh-keys/active-keys/${user}`, token)
      return answer.ok ? answer.text() : answer.status
    }
    expect(await keysOf('ec2-user')).toBe('ssh-ed25519 BBBB\n')
    expect(await keysOf('root')).toBe(404)
  })

  test('knows no one else', async () => {
    known = false
    expect(await giveToken()).toBe('refused 404')
    known = true
  })
})
