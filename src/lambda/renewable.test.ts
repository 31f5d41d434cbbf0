import { expect, test } from 'vitest'
import { createRenewable } from './renewable.ts'

test('is built once, also for those who ask at the same time', async () => {
  let built = 0
  const one = createRenewable(
    async () => ++built,
    async () => undefined,
  )
  expect(await Promise.all([one.get(), one.get()])).toEqual([1, 1])
  expect(await one.get()).toBe(1)
})

test('what could not be built is tried again', async () => {
  const answers = [() => Promise.reject(new Error('away')), () => Promise.resolve('here')]
  const one = createRenewable<string>(
    async () => answers.shift()?.() ?? '',
    async () => undefined,
  )
  await expect(one.get()).rejects.toThrow('away')
  expect(await one.get()).toBe('here')
})

test('what is given up is closed, however that goes, and built anew', async () => {
  const closed: number[] = []
  let built = 0
  const one = createRenewable(
    async () => ++built,
    async (old) => {
      closed.push(old)
      throw new Error('it was broken')
    },
  )
  await one.get()
  await one.giveUp()
  await one.giveUp()
  expect([closed, await one.get()]).toEqual([[1], 2])
})
