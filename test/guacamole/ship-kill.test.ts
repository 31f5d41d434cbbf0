import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LabAws, startLabAws } from '../fixtures/lab-aws.ts'
import { inBucket, inFolder } from './ship-destinations.ts'
import { killShipperAt } from './ship-kill.ts'

/** A few of the steps; `script/prove guacamole` takes them all. */
const STRIDE = 13
const seed = Date.now() % STRIDE

describe(`a shipper killed at steps ${seed}, ${seed + STRIDE} …`, () => {
  let aws: LabAws
  beforeAll(async () => {
    aws = await startLabAws()
  })
  afterAll(() => aws.stop())

  test.each([
    ['a folder', inFolder],
    ['a bucket', inBucket],
  ])('loses nothing and stores nothing twice: %s', { timeout: 120_000 }, async (_, open) => {
    let killed = 0
    for (let at = seed; at < 200; at += STRIDE) {
      const { faults, done } = await killShipperAt(at, open)
      expect(faults).toEqual([])
      if (done) break
      killed += 1
    }
    expect(killed).toBeGreaterThan(0)
  })

  test('what is in the bucket is under its lock, and encrypted with the key', async () => {
    const bucket = await inBucket()
    expect(await killShipperAt(1_000, async () => bucket)).toEqual({ faults: [], done: true })
    expect(await bucket.unsafe()).toEqual([])
  })
})
