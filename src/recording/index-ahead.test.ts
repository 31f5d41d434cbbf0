import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type RecordingStage, setRecordingStage } from '../../test/fixtures/recording-stage.ts'
import { newId } from '../kernel/ids.ts'
import { silentLog } from '../kernel/log.ts'
import { INDEX } from './format.ts'
import { createIndexAhead } from './index-ahead.ts'

let stage: RecordingStage
beforeEach(async () => {
  stage = await setRecordingStage()
})
afterEach(() => stage.close())

test('an index is made when the session has ended, and not before', async () => {
  const facts = stage.facts()
  const recordings = stage.open()
  const ahead = createIndexAhead({ recordings, log: silentLog })
  const files = () => readdirSync(join(stage.folder, facts.id))
  const recorder = await recordings.open(facts)
  recorder.output(Buffer.from('hello'))
  ahead.look(facts.id)
  ahead.look(newId())
  await ahead.idle()
  expect(files()).not.toContain(INDEX)

  await recorder.seal('closed-by-person')
  ahead.look(facts.id)
  await ahead.idle()
  expect(files()).toContain(INDEX)
})
