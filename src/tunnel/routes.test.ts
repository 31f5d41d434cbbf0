import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressAt, contains, overlaps, pickTunnelAddresses, rangeOf } from './addresses.ts'
import { clashesOf, freeOf, hopTo, leasable, narrow, type Reach, reachOf, tableOf } from './routes.ts'

const peering = { VpcPeeringConnectionId: 'pcx-1', State: 'active' } as const
const table = {
  Routes: [
    { DestinationCidrBlock: '10.0.0.0/16', GatewayId: 'local', State: 'active' },
    { DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-1', State: 'active' },
    { DestinationCidrBlock: '10.1.0.0/16', ...peering },
    { DestinationCidrBlock: '10.1.9.0/24', ...peering, State: 'blackhole' },
    { DestinationCidrBlock: '10.2.0.0/16', VpcPeeringConnectionId: 'pcx-2', State: 'blackhole' },
    { DestinationPrefixListId: 'pl-1', TransitGatewayId: 'tgw-1', State: 'active' },
    { DestinationPrefixListId: 'pl-s3', GatewayId: 'vpce-1', State: 'active' },
    { DestinationIpv6CidrBlock: '2001:db8::/56', GatewayId: 'local', State: 'active' },
  ],
} as const
const lists = new Map([['pl-1', ['172.20.0.0/14', '2001:db8:1::/48']]])
const reach = reachOf({ Routes: [...table.Routes] }, lists)

describe('what a VPC leads to', () => {
  test('is its own network, peers, transit gateways and prefix lists: not the internet, no blackhole, no endpoint', () => {
    expect(leasable(reach)).toEqual(['10.0.0.0/16', '10.1.0.0/16', '172.20.0.0/14'])
  })

  test('is asked address by address, the most specific route first', () => {
    expect(hopTo('10.1.2.3', reach)).toMatchObject({ hop: 'peering', via: 'pcx-1', state: 'active' })
    expect(hopTo('10.1.9.3', reach)).toMatchObject({ state: 'blackhole' })
    expect(hopTo('172.21.0.1', reach)).toMatchObject({ hop: 'transit-gateway', via: 'tgw-1' })
    expect(hopTo('192.0.2.1', reach)).toBeUndefined()
  })

  test('is read from the table of the subnet, or else from the main one', () => {
    const main = { RouteTableId: 'main', Associations: [{ Main: true }] }
    const own = { RouteTableId: 'own', Associations: [{ Main: false, SubnetId: 'subnet-1' }] }
    expect(tableOf([main, own], 'subnet-1')?.RouteTableId).toBe('own')
    expect(tableOf([main, own], 'subnet-2')?.RouteTableId).toBe('main')
    expect(tableOf([], 'subnet-2')).toBeUndefined()
  })

  test('can be narrowed to addresses and networks in it, and to nothing else', () => {
    expect(narrow(leasable(reach), ['10.1.2.3', '10.0.4.0/24'])).toEqual({ leased: ['10.1.2.3/32', '10.0.4.0/24'] })
    expect(narrow(leasable(reach), ['10.1.2.3:22', '10.1.2.3:22', '10.1.2.3:3389'])).toEqual({
      leased: ['10.1.2.3:22', '10.1.2.3:3389'],
    })
    for (const none of [
      '10.1.2.3:',
      '10.1.2.3:0',
      '10.1.2.3:65536',
      '10.1.0.0/16:22',
      '10.1.2.3:22:23',
      '10.9.0.1:22',
    ]) {
      expect(narrow(leasable(reach), [none])).toEqual({ outside: none })
    }
    expect(narrow(leasable(reach), ['10.9.0.1'])).toEqual({ outside: '10.9.0.1' })
    expect(narrow(leasable(reach), ['nonsense'])).toEqual({ outside: 'nonsense' })
  })

  test('clashes with a network of this machine, but for a single host that was asked for by name', () => {
    const home = [{ cidr: '10.1.5.0/24', device: 'wlan0' }]
    expect(clashesOf(['10.1.0.0/16'], home)).toEqual([
      { network: '10.1.0.0/16', local: '10.1.5.0/24', device: 'wlan0' },
    ])
    expect(clashesOf(['10.1.5.9/32'], home)).toEqual([])
    expect(clashesOf(['10.1.5.9/32'], [{ cidr: '10.1.5.9/32', device: 'wlan0' }])).toHaveLength(1)
    expect(clashesOf(['10.2.0.0/16'], home)).toEqual([])
  })

  test('offers what does not overlap', () => {
    const leased = ['10.0.0.0/16', '10.1.0.0/22', '10.9.0.0/24']
    const home = ['10.1.1.0/24', '10.9.0.0/16'].map((cidr) => ({ cidr, device: 'wlan0' }))
    const free = freeOf(leased, clashesOf(leased, home))
    expect(free).toEqual(['10.0.0.0/16', '10.1.0.0/24', '10.1.2.0/23'])
    expect(clashesOf(free, home)).toEqual([])
  })
})

const address = fc.nat({ max: 2 ** 32 - 1 }).map(addressAt)
const cidr = fc.tuple(address, fc.integer({ min: 1, max: 32 })).map(([base, prefix]) => `${base}/${prefix}`)

test('a hop is what a router that looks at every bit would take', () => {
  const bits = (text: string) =>
    text
      .split('.')
      .map((octet) => Number(octet).toString(2).padStart(8, '0'))
      .join('')
  const routes = fc.array(fc.record({ cidr, via: fc.string() }), { maxLength: 12 })
  fc.assert(
    fc.property(routes, address, (given, target) => {
      const Routes = given.map((one, at) => ({
        DestinationCidrBlock: one.cidr,
        VpcPeeringConnectionId: `pcx-${at}`,
        State: 'active' as const,
      }))
      const wanted = given
        .filter((one) => {
          const [base = '', prefix] = one.cidr.split('/')
          return bits(base).slice(0, Number(prefix)) === bits(target).slice(0, Number(prefix))
        })
        .map((one) => rangeOf(one.cidr).prefix)
      const found: Reach | undefined = hopTo(target, reachOf({ Routes }, new Map()))
      expect(found && rangeOf(found.cidr).prefix).toBe(wanted.length === 0 ? undefined : Math.max(...wanted))
    }),
  )
})

test('networks overlap exactly when one holds the other', () => {
  fc.assert(fc.property(cidr, cidr, (a, b) => overlaps(a, b) === (contains(a, b) || contains(b, a))))
})

test('a tunnel has addresses that nothing here has', () => {
  const taken = ['198.18.0.0/16', '198.19.0.0/17']
  const { network, server, client } = pickTunnelAddresses(taken, () => 0)
  expect({ network, server, client }).toEqual({
    network: '198.19.128.0/30',
    server: '198.19.128.1',
    client: '198.19.128.2',
  })
  expect(() => pickTunnelAddresses(['198.18.0.0/15'], () => 0.9)).toThrow(RangeError)
})
