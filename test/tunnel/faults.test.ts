import { afterAll, beforeAll, expect, test } from 'vitest'
import { sample } from '../fixtures/sample.ts'
import { faultTable } from './faults.ts'
import { openStage } from './stage.ts'

let stage: Awaited<ReturnType<typeof openStage>>
beforeAll(async () => {
  stage = await openStage()
}, 60_000)
afterAll(() => stage.close())

// `script/prove tunnel` does the whole table, and keeps it.
test.each(sample(faultTable, 60))(
  '$engine, $name: nothing is left',
  async ({ engine, aws = [], laptop = {} }) => {
    await stage.aws.lab.setFaults(aws)
    const { failure, left: _, ...after } = await stage.live({ ...laptop }, engine)
    if (laptop.dies) expect(failure).toBe('killed')
    if (aws.length > 0) expect(failure).toMatch(/^(TUNNEL_[A-Z_]+)?$/)
    expect(after).toEqual({ servers: 0, devices: 0, leases: 0, unmatched: 0 })
  },
  60_000,
)
