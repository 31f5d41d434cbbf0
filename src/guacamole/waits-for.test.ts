import { existsSync, statSync, utimesSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  END,
  sessionRow as row,
  type ShipStage,
  START,
  setShipStage,
  stream,
  uuid,
} from '../../test/fixtures/guacamole/ship-stage.ts'
import { gather } from '../kernel/gather.ts'
import type { ShipDeps } from './ship.ts'
import { shippedId } from './shipped-id.ts'

let stage: ShipStage
beforeEach(async () => {
  stage = await setShipStage()
})
afterEach(() => stage.close())

test('what is being written, goes on or has just ended waits', async () => {
  const path = stage.record()
  const inode = statSync(path).ino
  const why = async (more: Partial<ShipDeps> = {}) =>
    (await stage.pass(more)).files.map((one) => 'why' in one && one.why)
  expect(await why({ locked: async () => new Set([inode]) })).toEqual(['being written'])
  stage.now = END + 30_000
  expect(await why({ locked: async () => undefined })).toEqual(['just ended'])
  stage.now = END + 5_000
  expect(await why()).toEqual(['just ended'])
  stage.rows = [row({ endedAt: undefined })]
  expect(await why({ live: async () => new Set([uuid]) })).toEqual(['session goes on'])
  expect(await why()).toEqual(['end not known yet'])
  expect(existsSync(path)).toBe(true)
})

test('a clock of Guacamole that is off neither hastens nor hinders', async () => {
  const path = stage.record()
  const outcome = async (more: Partial<ShipDeps>) =>
    (await stage.pass(more)).files.map((one) => ('why' in one ? one.why : one.outcome))
  const ahead = async () => [86_400_000]
  stage.now = END + 5_000
  stage.rows = [row({ startedAt: START + 86_400_000, endedAt: END + 86_400_000 })]
  expect(await outcome({ clocksAhead: ahead })).toEqual(['just ended'])
  // Nobody knows by how much: an end that is still to come says nothing.
  stage.now = END + 59_000
  expect(await outcome({})).toEqual(['just ended'])
  // Ended a day ago by its clock, and in truth at this moment.
  stage.rows = [row({ startedAt: START - 86_400_000, endedAt: END - 86_400_000 })]
  utimesSync(path, START / 1_000, START / 1_000)
  stage.now = END + 5_000
  expect(await outcome({ clocksAhead: async () => [-86_400_000], locked: async () => undefined })).toEqual([
    'just ended',
  ])
  stage.now = END + 60_000
  expect(await outcome({ clocksAhead: async () => [-86_400_000], locked: async () => undefined })).toEqual(['shipped'])

  stage.rows = [row({ id: 43, startedAt: START + 86_400_000, endedAt: END + 86_400_000 })]
  stage.now = END + 900_000
  expect((await stage.pass({ clocksAhead: ahead })).missing).toHaveLength(1)
  stage.now = END + 899_000
  expect((await stage.pass({ clocksAhead: ahead })).missing).toEqual([])
})

test('a session whose web application died is shipped when nobody has written to it for an hour', async () => {
  stage.rows = [row({ endedAt: undefined })]
  stage.record(`${stream}4.rect,1.0,1`)
  stage.now = END + 3_600_000
  expect((await stage.pass({ live: async () => undefined })).files).toMatchObject([{ outcome: 'shipped' }])
  const id = shippedId(uuid, START)
  expect(await stage.streamOf(id)).toBe(stream)
  expect(await stage.open().manifest(id)).toMatchObject({ endedAt: START + 3_000, reason: 'node-lost' })
  const last = (await gather(stage.open().events(id))).at(-1)
  expect(last).toEqual([3_000, 'm', 'the last 12 bytes were half an instruction'])
})
