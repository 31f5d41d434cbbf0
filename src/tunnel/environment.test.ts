import { expect, test } from 'vitest'
import { environmentSchema } from './environment.ts'

const least = {
  name: 'customer-a',
  account: '111122223333',
  networks: [
    {
      region: 'eu-west-1',
      vpc: 'vpc-0123456789abcdef0',
      subnets: ['subnet-0123456789abcdef0'],
      securityGroup: 'sg-0123456789abcdef0',
    },
  ],
}

test('an environment needs a name, an account and a network; the rest has defaults', () => {
  const environment = environmentSchema.parse(least)
  expect(environment).toMatchObject({ tenant: 'default', engine: 'wireguard', logGroup: '/enchilada/tunnel' })
  expect(environment.limits).toEqual({
    ttl: 28_800_000,
    longest: 43_200_000,
    firstHandshake: 180_000,
    grace: 300_000,
    idle: 3_600_000,
  })
})

test('what is misspelt is refused, not ignored', () => {
  expect(environmentSchema.safeParse({ ...least, intance: 't3.nano' }).success).toBe(false)
  expect(environmentSchema.safeParse({ ...least, limits: { ttl: '8 hours' } }).success).toBe(false)
  expect(environmentSchema.safeParse({ ...least, networks: [] }).success).toBe(false)
})
