import { expect, test } from 'vitest'
import { environmentSchema } from './environment.ts'
import type { Reach } from './routes.ts'
import { chooseDns, doorOf, keptForDns } from './split-dns.ts'

const reach: Reach[] = [
  { cidr: '10.200.0.0/24', hop: 'vpc', via: 'local', state: 'active' },
  { cidr: '10.1.0.0/16', hop: 'peering', via: 'pcx-1', state: 'active' },
]
const secondary: Reach = { cidr: '100.64.0.0/16', hop: 'vpc', via: 'local', state: 'active' }

function plan({ resolver, further = [] }: { resolver?: string; further?: Reach[] } = {}) {
  const network = {
    ...{ region: 'eu-west-1', vpc: 'vpc-0123456789abcdef0', subnets: ['subnet-0123456789abcdef0'] },
    ...{ securityGroup: 'sg-0123456789abcdef0', ...(resolver && { resolver }) },
  }
  const environment = environmentSchema.parse({
    ...{ name: 'customer-a', account: '111122223333', networks: [network], dns: { zones: ['corp.example'] } },
  })
  return chooseDns(environment, network, [...reach, ...further], ['10.200.0.0/24', '10.1.0.0/16'])
}

test('names are asked of the base of the VPC plus two: those it lists, those of its region, those of leased addresses', () => {
  const planned = plan()
  expect(planned).toEqual({
    resolver: '10.200.0.2',
    zones: [
      ...['corp.example', 'eu-west-1.compute.internal', 'compute.internal'],
      ...['0.200.10.in-addr.arpa', '1.10.in-addr.arpa'],
    ],
  })
  expect(planned && doorOf(planned)).toBe('10.200.0.2:53')
})

test('of a VPC with several networks only its environment knows which is the primary one', () => {
  expect(plan({ further: [secondary] })).toBeUndefined()
  expect(plan({ further: [secondary], resolver: '100.64.0.2' })?.resolver).toBe('100.64.0.2')
  expect(keptForDns([...reach, secondary])).toEqual(['10.200.0.2', '100.64.0.2'])
})

test('a resolver that the VPC does not lead to is refused', () => {
  expect(plan({ resolver: '10.1.0.53' })?.resolver).toBe('10.1.0.53')
  expect(() => plan({ resolver: '10.9.0.53' })).toThrow('lead to no network that 10.9.0.53:53 is in')
})
