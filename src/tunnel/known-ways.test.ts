import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createFakeClock } from '../../test/fixtures/fake-clock.ts'
import { knownWays } from './known-ways.ts'
import type { Reach } from './routes.ts'

const folder = mkdtempSync(join(tmpdir(), 'ways-'))
afterAll(() => rmSync(folder, { recursive: true }))

const network = { region: 'eu-west-1', vpc: 'vpc-01234567', subnets: [], securityGroup: 'sg-01234567' }
const reach: Reach[] = [
  { cidr: '10.0.0.0/16', hop: 'vpc', via: 'local', state: 'active' },
  { cidr: '10.1.0.0/16', hop: 'peering', via: 'pcx-1', state: 'blackhole' },
]

test('what was kept is recalled for a week, and for that VPC alone', async () => {
  const clock = createFakeClock()
  const ways = knownWays(folder, clock)
  expect(await ways.recall(network)).toBeUndefined()
  await ways.keep(network, reach)
  expect(await ways.recall(network)).toEqual(reach)
  expect(await ways.recall({ ...network, vpc: 'vpc-76543210' })).toBeUndefined()
  expect(await ways.recall({ ...network, region: 'eu-west-2' })).toBeUndefined()
  await clock.advance(8 * 24 * 3_600_000)
  expect(await ways.recall(network)).toBeUndefined()
})

test('a file that somebody changed is nothing, and a folder that cannot be written costs nothing', async () => {
  const clock = createFakeClock()
  const ways = knownWays(folder, clock)
  await ways.keep(network, reach)
  const [name = ''] = readdirSync(folder)
  for (const text of ['', '{"v":1}', JSON.stringify({ v: 1, askedAt: clock.now(), reach: [{ cidr: 'anywhere' }] })]) {
    writeFileSync(join(folder, name), text)
    expect(await ways.recall(network)).toBeUndefined()
  }
  await knownWays(join(folder, name), clock).keep(network, reach)
})
