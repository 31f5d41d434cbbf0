import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRandom } from '../fixtures/random.ts'
import { type DoomedStage, killAt } from './hard-day.ts'
import { doomedStages, runFailOver } from './hard-day-stages.ts'
import { runOutage } from './outage.ts'

/** Samples; `script/prove guacamole` runs every step. */
const seed = Number(process.env['HARD_DAY_SEED'] ?? Date.now() % 2 ** 31)
const { below } = createRandom(seed)

describe.each(Object.entries(doomedStages))('a worker killed in the middle, by %s', (_way, start) => {
  let stage: DoomedStage
  beforeAll(async () => {
    stage = await start()
  })
  afterAll(() => stage.stop())

  test('leaves what the next one ends, and touches nothing of anybody else', async () => {
    console.log(`seed ${seed}`)
    expect((await killAt(stage, below(12))).faults).toEqual([])
  })
})

test.each(['restart', 'promote'] as const)('a database that dies in a pass and comes back by %s', async (how) => {
  const { faults, done } = await runFailOver(how, 3 + below(6))
  expect({ faults, done }).toEqual({ faults: [], done: false })
})

test('a Guacamole that was away for ten minutes has everything half a minute after it is back', async () => {
  expect(await runOutage()).toEqual([])
})
