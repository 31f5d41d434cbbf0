import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ShipPass, ShippedFile } from '../guacamole/ship.ts'
import { shipMetrics } from './ship-metrics.ts'
import { shipUntil } from './ship-until.ts'

let folder: string
let now: number
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'enchilada-ship-until-'))
  now = START
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const START = 1_790_000_000_000

const passOf = (files: ShippedFile[], more: Partial<ShipPass> = {}): ShipPass => ({
  files,
  missing: [],
  isStoreAway: false,
  ...more,
})
const about = (file: string) => ({ file, session: file, writtenAt: START - 60_000 })
const shipped = { ...about('a'), outcome: 'shipped', recording: 'r', bytes: 1_000 } as const
const failed = { ...about('b'), outcome: 'failed', code: 'SHIP_STORE_UNWRITABLE', why: 'no space left' } as const

/** Runs as many passes as there are answers, and then stops; `pauses` are those between them, in seconds. */
async function follow(answers: (ShipPass | Error)[]) {
  const path = join(folder, 'ship.prom')
  const lines: { msg: string; file?: string }[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const stop = new AbortController()
  const left = [...answers]
  const pass = async (): Promise<ShipPass> => {
    const answer = left.shift()
    if (left.length === 0) stop.abort()
    if (!answer || answer instanceof Error) throw answer ?? new Error('asked too often')
    return answer
  }
  const pauses: number[] = []
  const sleep = async (ms: number) => {
    pauses.push(ms / 1_000)
    now += ms
  }
  const clock = { now: () => now, sleep }
  await shipUntil({ pass, clock, log, metrics: shipMetrics(path) }, stop.signal)
  const figures = new Map(
    readFileSync(path, 'utf8')
      .split('\n')
      .flatMap((line) => {
        const [, name, value] = /^enchilada_ship_(\w+) (\S+)$/.exec(line) ?? []
        return name ? [[name, Number(value)] as const] : []
      }),
  )
  return { said: lines.map((line) => [line.msg, line.file].filter(Boolean).join(' ')), figures, pauses }
}

test('passes come every quarter of a minute, and slower while Guacamole or the store is away', async () => {
  const away = new Error('Guacamole is away')
  const full = passOf([failed], { isStoreAway: true })
  const { pauses } = await follow([passOf([]), away, away, full, full, full, passOf([]), passOf([])])
  expect(pauses).toEqual([15, 30, 60, 120, 240, 300, 15, 15])
})

test('each trouble is told once, and its end', async () => {
  const away = new Error('Guacamole is away')
  const { said } = await follow([
    passOf([shipped, failed]),
    passOf([failed]),
    away,
    away,
    passOf([failed]),
    passOf([]),
    passOf([failed]),
  ])
  expect(said).toEqual(['shipped a', 'not shipped b', 'a pass failed; it comes again', 'passes go on', 'not shipped b'])
})

test('figures tell what came away, what is stuck and since when, and when somebody last looked', async () => {
  const waits = { ...about('c'), outcome: 'waits', why: 'being written' } as const
  const behind = { ...about('d'), outcome: 'waits', why: 'the store is away' } as const
  const { figures } = await follow([
    passOf([shipped, waits]),
    new Error('away'),
    passOf([failed, waits, behind], { isStoreAway: true }),
  ])
  expect(Object.fromEntries(figures)).toEqual({
    recordings_total: 1,
    bytes_total: 1_000,
    missing_total: 0,
    broken_passes_total: 1,
    waiting: 1,
    stuck: 2,
    stuck_seconds: 60 + 15 + 30,
    last_pass_timestamp_seconds: START / 1_000 + 15 + 30,
  })
})
