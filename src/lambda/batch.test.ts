import { expect, test } from 'vitest'
import { deadlineOf, giveBack } from './batch.ts'

const left = (ms: number) => ({ getRemainingTimeInMillis: () => ms })

test('the deadline comes while there is time to answer', async () => {
  const late = deadlineOf(left(5_010.25))
  expect(late.aborted).toBe(false)
  await expect.poll(() => late.aborted, { timeout: 4_000 }).toBe(true)
})

test('with no time to spare it comes at once', async () => {
  const late = deadlineOf(left(1_000))
  await expect.poll(() => late.aborted).toBe(true)
})

test('what comes again is named, and an empty list says that nothing does', () => {
  expect(giveBack([])).toEqual({ batchItemFailures: [] })
  expect(giveBack(['a', 'b'])).toEqual({ batchItemFailures: [{ itemIdentifier: 'a' }, { itemIdentifier: 'b' }] })
})
