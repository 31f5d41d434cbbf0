import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runBadDay } from './bad-day.ts'
import { type DayStage, dayStages } from './bad-day-stages.ts'

/** A sample; `script/prove guacamole` runs the rest. */
const DAYS = 4

describe.each(Object.entries(dayStages))('bad days of a Guacamole kept by %s', (_way, start) => {
  let stage: DayStage
  beforeAll(async () => {
    stage = await start()
  })
  afterAll(() => stage.stop())

  test('end in step, with nothing of anybody else touched', async () => {
    const seed = Number(process.env['BAD_DAY_SEED'] ?? Date.now() % 2 ** 31)
    console.log(`seed ${seed}`)
    for (let day = 0; day < DAYS; day += 1) {
      await stage.reset()
      expect((await runBadDay(stage, seed + day)).faults).toEqual([])
    }
  })
})
