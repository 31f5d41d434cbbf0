import { expect, test } from 'vitest'
import { ProgramMissing, run } from './run.ts'

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

test('a program that is not there is missing, and nothing of the attempt holds the process', async () => {
  const before = timers()
  await expect(run(['no-such-program'])).rejects.toBeInstanceOf(ProgramMissing)
  expect(timers()).toBe(before)
})

test('all that a program said is there, also when nobody looked while it ran; a daemon that it leaves is not waited for', async () => {
  const said = Array.from({ length: 20 }, () =>
    run(['sh', '-c', 'head -c 60000 /dev/zero | tr "\\0" x; sleep 5 & echo end']),
  )
  const until = performance.now() + 200
  while (performance.now() < until);
  for (const one of await Promise.all(said)) expect(one.stdout.length).toBe(60_004)
})

test('a program that ends holds nothing either; one that does not end is killed', async () => {
  const before = timers()
  expect(await run(['cat'], { input: 'said' })).toEqual({ code: 0, stdout: 'said', stderr: '' })
  expect(await run(['sleep', '60'], { timeoutMs: 50 })).toMatchObject({ code: 137 })
  expect(timers()).toBe(before)
})
