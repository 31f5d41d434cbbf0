import { afterAll, beforeAll, expect, test } from 'vitest'
import { faultPoints } from './faults.ts'
import { openStage } from './stage.ts'

let stage: Awaited<ReturnType<typeof openStage>>
beforeAll(async () => {
  stage = await openStage()
}, 60_000)
afterAll(() => stage.close())

test.each(faultPoints)(
  '$name: nothing is left',
  async ({ aws = [], laptop = {} }) => {
    await stage.aws.lab.setFaults(aws)
    const { failure, left: _, ...after } = await stage.live({ ...laptop })
    if (aws.length > 0) expect(failure).toMatch(/^(TUNNEL_[A-Z_]+)?$/)
    expect(after).toEqual({ servers: 0, devices: 0, leases: 0, unmatched: 0 })
  },
  60_000,
)
