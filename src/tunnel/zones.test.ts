import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addressAt, contains, rangeOf } from './addresses.ts'
import { environmentSchema } from './environment.ts'
import { asciiName, reverseZones, withReverse, writtenZone, zoneOf, zonesOfRegion } from './zones.ts'

test.each([
  ['corp.example', 'corp.example'],
  ['Corp.Example.', 'corp.example'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['_tcp.corp.example', '_tcp.corp.example'],
  ['internal', 'internal'],
  ['0.10.in-addr.arpa', '0.10.in-addr.arpa'],
])('the zone %j is %j', (written, zone) => expect(writtenZone.parse(written)).toBe(zone))

test.each([
  ['nothing', ''],
  ['the root', '.'],
  ['a domain that belongs to the world', 'com'],
  ['multicast DNS', 'local'],
  ['every address', 'in-addr.arpa'],
  ['an address', '10.0.0.2'],
  ['a line more', 'corp.example\nnameserver 10.9.9.9'],
  ['a path', '../corp.example'],
  ['a quote', "corp.example'"],
  ['an empty label', 'corp..example'],
  ['a hyphen at an end', '-corp.example'],
  ['a label of 64', `${'a'.repeat(64)}.example`],
  ['254 characters', `aa.${'a.'.repeat(122)}example`],
])('%s is no zone', (_, written) => expect(writtenZone.safeParse(written).success).toBe(false))

test('an environment names each fault of its zones, and at most fifty of them', () => {
  const faults = (zones: unknown) =>
    environmentSchema
      .safeParse({ name: 'a', account: '111122223333', networks: [], dns: { zones } })
      .error?.issues.map(({ path }) => path.join('.'))
      .filter((path) => path.startsWith('dns'))
  expect(faults(['corp.example', 'com', '.'])).toEqual(['dns.zones.1', 'dns.zones.2'])
  expect(faults(Array.from({ length: 51 }, (_, n) => `zone-${n}.example`))).toEqual(['dns.zones'])
  expect(faults(Array.from({ length: 50 }, (_, n) => `zone-${n}.example`))).toEqual([])
})

test('each region has the zones that AWS gives it', () => {
  expect(zonesOfRegion('eu-west-1')).toEqual(['eu-west-1.compute.internal', 'compute.internal'])
  expect(zonesOfRegion('us-east-1')).toEqual(['ec2.internal', 'compute-1.internal', 'compute.internal'])
})

test('names by address of a network are as many zones as it takes', () => {
  expect(reverseZones('10.1.0.0/16')).toEqual(['1.10.in-addr.arpa'])
  expect(reverseZones('10.200.0.0/24')).toEqual(['0.200.10.in-addr.arpa'])
  expect(reverseZones('10.200.6.0/23')).toEqual(['6.200.10.in-addr.arpa', '7.200.10.in-addr.arpa'])
  expect(reverseZones('10.1.4.7/32')).toEqual(['7.4.1.10.in-addr.arpa'])
})

const address = fc.nat({ max: 2 ** 32 - 1 }).map(addressAt)
const network = fc.tuple(address, fc.integer({ min: 8, max: 32 })).map(([base, prefix]) => `${base}/${prefix}`)

test('they hold the names of its addresses and of no others', () => {
  fc.assert(
    fc.property(network, address, fc.nat(), (given, elsewhere, n) => {
      const { first, last } = rangeOf(given)
      for (const one of [addressAt(first), addressAt(last), addressAt(first + (n % (last - first + 1))), elsewhere]) {
        const name = [...one.split('.').reverse(), 'in-addr.arpa'].join('.')
        expect(zoneOf(name, reverseZones(given)) !== undefined).toBe(contains(given, `${one}/32`))
      }
    }),
  )
})

test('a network whose names there is no room for is left out, the next one is not', () => {
  const zones = withReverse(['corp.example', 'corp.example'], ['10.0.0.0/9', '10.128.0.0/9', '172.16.0.0/16'])
  expect(zones).toHaveLength(1 + 128 + 1)
  expect(zones.at(-1)).toBe('16.172.in-addr.arpa')
})

test('a name belongs to the narrowest zone that holds it, label by label', () => {
  const zones = ['compute.internal', 'eu-west-1.compute.internal', 'corp.example']
  expect(zoneOf('ip-10-0-0-9.eu-west-1.compute.internal', zones)).toBe('eu-west-1.compute.internal')
  expect(zoneOf('ip-10-0-0-9.eu-west-2.compute.internal', zones)).toBe('compute.internal')
  expect(zoneOf('corp.example', zones)).toBe('corp.example')
  expect(zoneOf('notcorp.example', zones)).toBeUndefined()
  expect(zoneOf('example', zones)).toBeUndefined()
  expect(asciiName('DB.Bücher.Example.')).toBe('db.xn--bcher-kva.example')
})
