import { execFileSync } from 'node:child_process'
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { Secret } from '../kernel/secret.ts'
import { selfSign } from './engines/certificate.ts'
import { openvpnServer } from './engines/openvpn.ts'
import { generateKeys, wireguardServer } from './engines/wireguard.ts'
import { packUserData, renderUserData, type ServerPlan } from './user-data.ts'

const addresses = { network: '198.18.0.4/30', server: '198.18.0.5', client: '198.18.0.6' }
const wireguard = wireguardServer({
  addresses,
  privateKey: new Secret('c2VydmVyc2VydmVyc2VydmVyc2VydmVyc2VydmVyc2U='),
  clientPublicKey: 'Y2xpZW50Y2xpZW50Y2xpZW50Y2xpZW50Y2xpZW50Y2w=',
})
const openvpn = openvpnServer({
  addresses,
  // As long as real ones are.
  certificate: {
    der: Buffer.alloc(279, 'certificate').toString('base64'),
    privateKey: new Secret(Buffer.alloc(138, 'private key').toString('base64')),
    fingerprint: 'not told here',
  },
  clientFingerprint: Array.from({ length: 32 }, () => 'AB').join(':'),
  controlKey: '0f'.repeat(256),
})
const plan: ServerPlan = {
  lease: 'lease-0123456789ab',
  environment: 'customer-a',
  owner: 'ada@example.org',
  region: 'eu-west-1',
  logGroup: '/enchilada/tunnel',
  limits: { ttl: 28_800_000, longest: 43_200_000, firstHandshake: 180_000, grace: 300_000, idle: 3_600_000 },
  addresses,
  leased: ['10.0.0.0/16', '10.1.0.0/16', '10.0.0.2:53'],
  portsOnly: ['10.0.0.2'],
  engine: wireguard,
}
const plans = [
  { name: 'wireguard', plan },
  { name: 'openvpn', plan: { ...plan, engine: openvpn } },
]
const guard = /guard\.py <<'END'\n([\s\S]*?)\nEND/

test.each(plans)('the script for $name is the one that was reviewed', async ({ name, plan: given }) => {
  const text = renderUserData(given).replace(guard, "guard.py <<'END'\n(guest/guard.py)\nEND")
  await expect(text).toMatchFileSnapshot(`./golden/user-data-${name}.sh`)
})

test.each(plans)('bash and Python take it as it is, with $name', ({ plan: given }) => {
  const text = renderUserData(given)
  execFileSync('bash', ['-n'], { input: text })
  execFileSync('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read(), feature_version=(3, 9))'], {
    input: guard.exec(text)?.[1],
  })
})

test('it keeps below 8 KB with as many networks as a hub has peers, and says so when it does not', () => {
  const networks = (count: number) => Array.from({ length: count }, (_, at) => `10.${at % 256}.${at >> 8}.0/24`)
  const packed = (count: number, engine: ServerPlan['engine']) => {
    const leased = networks(count)
    return packUserData(renderUserData({ ...plan, engine, leased }), { leased })
  }
  expect(packed(200, wireguard).length).toBeLessThanOrEqual(8192)
  expect(packed(200, openvpn).length).toBeLessThanOrEqual(8192)
  expect(gunzipSync(packed(1, openvpn)).toString()).toContain('lead 10.0.0.0/24 4510\n')
  expect(() => packed(4000, openvpn)).toThrow('4000 networks make user data')
})

test('a single port is let through by a rule of its own, and its host by no other', () => {
  const lines = renderUserData({
    ...plan,
    portsOnly: [],
    leased: ['10.1.4.7:22', '10.1.4.7:3389', '10.0.0.0/24'],
  }).split('\n')
  expect(lines.filter((line) => /^lead |lookup 451/.test(line.trim()))).toEqual([
    ...['22', '3389'].flatMap((port) =>
      ['tcp', 'udp'].map((by) => `  fence 11 iif $device to 10.1.4.7/32 ipproto ${by} dport ${port} lookup 4511`),
    ),
    '  fence 11 iif $device lookup 4510',
    'lead 10.1.4.7/32 4511',
    'lead 10.0.0.0/24 4510',
  ])
})

test("of the VPC's resolver port 53 is led to, whatever network it is in, and nothing else of it", () => {
  const lines = renderUserData(plan).split('\n')
  expect(lines.filter((line) => line.includes('10.0.0.2'))).toEqual([
    ...['tcp', 'udp'].map((by) => `  fence 11 iif $device to 10.0.0.2/32 ipproto ${by} dport 53 lookup 4511`),
    'lead 10.0.0.2/32 4511',
    'ip route replace throw 10.0.0.2 proto kernel table 4510',
  ])
})

test('keys are 32 bytes that differ, and a private one prints as [secret]', () => {
  const [one, other] = [generateKeys(), generateKeys()]
  expect(Buffer.from(one.publicKey, 'base64')).toHaveLength(32)
  expect(Buffer.from(one.privateKey.reveal(), 'base64')).toHaveLength(32)
  expect(one.publicKey).not.toBe(other.publicKey)
  expect(JSON.stringify(one)).not.toContain(one.privateKey.reveal())
})

test('a certificate names itself, its fingerprint is what OpenVPN pins, and its key prints as [secret]', async () => {
  const { der, privateKey, fingerprint } = await selfSign('client')
  const certificate = new X509Certificate(Buffer.from(der, 'base64'))
  const key = createPrivateKey({ key: Buffer.from(privateKey.reveal(), 'base64'), format: 'der', type: 'pkcs8' })
  expect(certificate.checkPrivateKey(key)).toBe(true)
  expect(certificate.verify(certificate.publicKey)).toBe(true)
  expect(createHash('sha256').update(certificate.raw).digest('hex').toUpperCase()).toBe(fingerprint.replaceAll(':', ''))
  expect(certificate.validToDate.getUTCFullYear()).toBe(9999)
  expect(JSON.stringify({ der, privateKey })).not.toContain(privateKey.reveal())
})
