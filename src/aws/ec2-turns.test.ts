import { expect, test } from 'vitest'
import { createFakeClock } from '../../test/fixtures/fake-clock.ts'
import { createEc2Turns, EC2_RATE } from './ec2-turns.ts'

const scope = { account: '111122223333', region: 'eu-west-1' }
const SECONDS = 30

test.each([1, 2, 15])('%i that know nothing of each other keep to the rate together', async (among) => {
  const clock = createFakeClock()
  let calls = 0
  let over = false
  const busy = Array.from({ length: among }, async () => {
    const turn = createEc2Turns(clock, among)
    while (!over) {
      await turn(scope)
      calls += 1
    }
  })
  for (let second = 1; second <= SECONDS; second += 1) {
    await clock.advance(1_000)
    expect(calls).toBeLessThanOrEqual(EC2_RATE.burst + second * EC2_RATE.perSecond + among)
  }
  // They are not held back more than they must be either.
  expect(calls).toBeGreaterThan(SECONDS * EC2_RATE.perSecond * 0.9)
  over = true
  await clock.advance(60_000)
  await Promise.all(busy)
})

test('one account and region does not wait for another', async () => {
  const clock = createFakeClock()
  const turn = createEc2Turns(clock, 1)
  for (let n = 0; n < EC2_RATE.burst; n += 1) await turn(scope)
  await turn({ ...scope, region: 'us-east-1' })
  await turn({ ...scope, account: '444455556666' })
})
