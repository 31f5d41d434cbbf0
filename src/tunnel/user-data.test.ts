import { execFileSync } from 'node:child_process'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { Secret } from '../kernel/secret.ts'
import { generateKeys } from './keys.ts'
import { renderUserData, type ServerPlan } from './user-data.ts'

const plan: ServerPlan = {
  lease: 'lease-0123456789ab',
  environment: 'customer-a',
  owner: 'ada@example.org',
  region: 'eu-west-1',
  logGroup: '/enchilada/tunnel',
  limits: { ttl: 28_800_000, longest: 43_200_000, firstHandshake: 180_000, grace: 300_000, idle: 3_600_000 },
  addresses: { network: '198.18.0.4/30', server: '198.18.0.5', client: '198.18.0.6' },
  leased: ['10.0.0.0/16', '10.1.0.0/16'],
  serverPrivateKey: new Secret('c2VydmVyc2VydmVyc2VydmVyc2VydmVyc2VydmVyc2U='),
  clientPublicKey: 'Y2xpZW50Y2xpZW50Y2xpZW50Y2xpZW50Y2xpZW50Y2w=',
}
const packed = /<<'END' \| gunzip.*\n([\s\S]*?)\nEND/

test('the script is the one that was reviewed', async () => {
  const text = renderUserData(plan).replace(packed, "<<'END' | gunzip >…guard.py\n(guest/guard.py)\nEND")
  await expect(text).toMatchFileSnapshot('./golden/user-data.sh')
})

test('bash and Python take it as it is', () => {
  const text = renderUserData(plan)
  execFileSync('bash', ['-n'], { input: text })
  const guard = gunzipSync(Buffer.from(packed.exec(text)?.[1] ?? '', 'base64')).toString()
  execFileSync('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read(), feature_version=(3, 9))'], {
    input: guard,
  })
})

test('it keeps below 8 KB with as many networks as a hub has peers, and says so when it does not', () => {
  const networks = (count: number) => Array.from({ length: count }, (_, at) => `10.${at % 256}.${at >> 8}.0/24`)
  expect(Buffer.byteLength(renderUserData({ ...plan, leased: networks(125) }))).toBeLessThanOrEqual(8192)
  expect(() => renderUserData({ ...plan, leased: networks(400) })).toThrow('400 networks make user data')
})

test('keys are 32 bytes that differ, and a private one prints as [secret]', () => {
  const [one, other] = [generateKeys(), generateKeys()]
  expect(Buffer.from(one.publicKey, 'base64')).toHaveLength(32)
  expect(Buffer.from(one.privateKey.reveal(), 'base64')).toHaveLength(32)
  expect(one.publicKey).not.toBe(other.publicKey)
  expect(JSON.stringify(one)).not.toContain(one.privateKey.reveal())
})
