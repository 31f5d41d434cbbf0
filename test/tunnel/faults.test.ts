import { afterAll, beforeAll, expect, test } from 'vitest'
import { faultTable } from './faults.ts'
import { openStage } from './stage.ts'

let stage: Awaited<ReturnType<typeof openStage>>
beforeAll(async () => {
  stage = await openStage()
}, 60_000)
afterAll(() => stage.close())

// A third of it with the engine that differs in what it sends alone; `script/prove tunnel` does the whole table.
const sample = faultTable.filter(({ engine }, at) => engine === 'wireguard' || at % 3 === 0)
test.each(sample)(
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
