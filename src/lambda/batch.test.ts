import { expect, test } from 'vitest'
import type { Received } from '../inventory/event-queue.ts'
import { silentLog } from '../kernel/log.ts'
import { deadlineOf, giveBack, timeLeft } from './batch.ts'

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

test('the time left is whole and never negative', () => {
  expect(timeLeft(left(5_010.25), 1_000)).toBe(4_010)
  expect(timeLeft(left(500.5), 1_000)).toBe(0)
})

const message = (id: string): Received => ({ id, body: '', receipt: id, receives: 1 })
const received = ['a', 'b', 'c'].map(message)

test('what comes again is named, and comes after a pause rather than at the end of its time-out', async () => {
  const released: string[] = []
  const queue = {
    release: async (messages: readonly Received[]) => void released.push(...messages.map(({ id }) => id)),
  }
  const answer = await giveBack(received, ['c', 'a'], { queue, log: silentLog })
  expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'c' }, { itemIdentifier: 'a' }] })
  expect(released).toEqual(['a', 'c'])
  expect(await giveBack(received, [], { queue: undefined, log: silentLog })).toEqual({ batchItemFailures: [] })
})

test('a queue that cannot be told of the pause costs time and no message', async () => {
  const queue = { release: () => Promise.reject(new Error('SQS is away')) }
  expect(await giveBack(received, ['b'], { queue, log: silentLog })).toEqual({
    batchItemFailures: [{ itemIdentifier: 'b' }],
  })
})
