import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFakeClock } from '../../test/fixtures/fake-clock.ts'
import { newId } from '../kernel/ids.ts'
import { silentLog } from '../kernel/log.ts'
import { openSigningKey } from '../kernel/signing-key.ts'
import { INDEX, type SessionFacts } from './format.ts'
import { createIndexAhead } from './index-ahead.ts'
import { directoryFiles } from './recording-files.ts'
import { openRecordings } from './recordings.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'enchilada-index-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const facts: SessionFacts = {
  id: newId(),
  connectionId: 'c',
  connectionName: 'web-1',
  scope: 'acme/aws/111122223333/eu-west-1',
  instanceId: 'i-0123456789abcdef0',
  protocol: 'ssh',
  personId: 'ada',
  personName: 'Ada',
  startedAt: 0,
  cols: 80,
  rows: 24,
}

test('an index is made when the session has ended, and not before', async () => {
  const signer = await openSigningKey(join(directory, 'keys', 'signing.pem'))
  const clock = createFakeClock(0)
  const recordings = openRecordings({ files: directoryFiles(directory), spool: directory, signer, clock })
  const ahead = createIndexAhead({ recordings, log: silentLog })
  const files = () => readdirSync(join(directory, facts.id))
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
