import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  END,
  ours,
  sessionRow as row,
  type ShipStage,
  setShipStage,
  stream,
  uuid,
} from '../../test/fixtures/guacamole/ship-stage.ts'
import { historyUuid } from '../catalogue/guacamole/history.ts'

let stage: ShipStage
beforeEach(async () => {
  stage = await setShipStage()
})
afterEach(() => stage.close())

test('Guacamole is asked for its tree and its live sessions only where a file needs them', async () => {
  const asked: string[] = []
  const counting = {
    owned: async () => {
      asked.push('tree')
      return new Map([['7', ours]])
    },
    live: async () => {
      asked.push('live')
      return new Set<string>()
    },
  }
  stage.rows = [row({ connection: { id: '9', name: 'by hand' } })]
  stage.now = END + 900_000
  const again = stage.shipper(counting)
  await again()
  // Of a session that is nobody's of ours, once.
  expect(asked).toEqual(['tree'])
  await again()
  expect(asked).toEqual(['tree'])
  stage.rows = [row({ endedAt: undefined }), row({ id: 43 })]
  stage.record()
  stage.record(stream, { at: historyUuid('session', 43) })
  await again()
  expect(asked.sort()).toEqual(['live', 'tree', 'tree'])
})

test('a session of ours without a recording is missing when its time is over, and not before', async () => {
  stage.rows = [row(), row({ id: 43, connection: { id: '8', name: 'by hand' } }), row({ id: 44, endedAt: undefined })]
  expect((await stage.pass()).missing).toEqual([])
  stage.now = END + 900_000
  expect((await stage.pass()).missing).toMatchObject([
    { session: uuid, person: 'ada', connection: ours, name: 'web-1' },
  ])
  stage.record()
  expect((await stage.pass()).missing).toEqual([])
  expect((await stage.pass()).missing).toEqual([])
})
