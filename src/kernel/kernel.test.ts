import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Clock } from './clock.ts'
import { systemClock } from './clock.ts'
import { writeDurably } from './durable-file.ts'
import { parseDuration } from './duration.ts'
import { defineErrors, hasCode, reasonOf } from './errors.ts'
import { newId } from './ids.ts'
import { createLimiter } from './limiter.ts'
import { Secret } from './secret.ts'
import { ed25519Signer, verifierOf } from './signer.ts'

describe('a secret', () => {
  test.each([
    ['text', (s: Secret) => `${s}`],
    ['JSON', (s: Secret) => JSON.stringify({ s })],
    ['inspect', (s: Secret) => inspect({ s }, { showHidden: true, depth: 9 })],
    ['spread', (s: Secret) => JSON.stringify({ ...s })],
  ])('does not show in %s', (_how, show) => {
    expect(show(new Secret('hunter2'))).not.toContain('hunter2')
  })
})

describe('errors', () => {
  const errors = defineErrors({
    HOST_DOWN: { message: 'The host {host} is down', retryable: true, hint: 'Start {host} and try again.' },
  })

  test('carry code, words, hint and cause, and print without the cause', () => {
    const cause = new Error('ECONNREFUSED')
    const error = errors.HOST_DOWN({ host: 'web-1' }, { cause })
    expect(error.cause).toBe(cause)
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: 'HOST_DOWN',
      message: 'The host web-1 is down',
      retryable: true,
      hint: 'Start web-1 and try again.',
    })
    expect(hasCode(error, errors.HOST_DOWN)).toBe(true)
    expect(hasCode(cause, errors.HOST_DOWN)).toBe(false)
  })

  test('a reason is never empty', () => {
    expect(reasonOf(new AggregateError([new Error('a'), 'b']))).toBe('a; b')
    expect(reasonOf(new TypeError(''))).toBe('TypeError')
  })
})

describe('durations', () => {
  test('are exactly what they say', () => {
    expect(['90s', '1h30m', '2d', '1d2h3m4s'].map(parseDuration)).toEqual([90_000, 5_400_000, 172_800_000, 93_784_000])
    expect(['', '90', '-1h', '1h junk', '1m1h', '1.5h'].map(parseDuration)).toEqual(Array(6).fill(undefined))
  })
})

describe('the limiter', () => {
  /** Sleeping moves the time: the only thing a limiter does with it. */
  const fakeClock = (): Clock => {
    let now = 0
    return {
      now: () => now,
      sleep: async (ms) => {
        now += ms
      },
    }
  }

  test('never gives more than burst + rate × time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 100 }),
        async (perSecond, burst, pauses) => {
          const clock = fakeClock()
          const limiter = createLimiter(clock, { perSecond, burst })
          let taken = 0
          for (const pause of pauses) {
            await clock.sleep(pause)
            await limiter.take()
            taken += 1
            expect(taken).toBeLessThanOrEqual(burst + (perSecond * clock.now()) / 1000 + 1e-6)
          }
        },
      ),
    )
  })

  test('a wait can be cut short', async () => {
    const limiter = createLimiter(systemClock, { perSecond: 0.001, burst: 1 })
    await limiter.take()
    await expect(limiter.take(AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop')
  })
})

test('a durable file is whole, private, and leaves nothing beside it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'enchilada-durable-'))
  try {
    await writeDurably(join(folder, 'a'), 'one')
    await writeDurably(join(folder, 'a'), 'two')
    expect(readdirSync(folder)).toEqual(['a'])
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('two')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a signature is verified by the public key alone, and only over what was signed', async () => {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const signer = ed25519Signer(pem)
  const verify = verifierOf(await signer.publicKey())
  const signature = await signer.sign(Buffer.from('seal'))
  expect(verify(Buffer.from('seal'), signature)).toBe(true)
  expect(verify(Buffer.from('seaL'), signature)).toBe(false)
})

test('ids of one millisecond sort as they were made', () => {
  const ids = Array.from({ length: 5_000 }, newId)
  expect(ids.toSorted()).toEqual(ids)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.filter((id) => !/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toEqual(
    [],
  )
})
