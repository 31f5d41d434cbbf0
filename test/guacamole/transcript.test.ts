import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startFakeGuacamole } from '../fixtures/guacamole/fake-server.ts'
import { restStage } from '../fixtures/guacamole/rest-stage.ts'
import { playScenario } from '../fixtures/guacamole/scenario.ts'
import { comparable, createNames, type Exchange, startRecorder } from '../fixtures/guacamole/transcript.ts'

/** What Apache Guacamole 1.6.0 answered to us; every answer of the fake server is held to it. */
const file = join(import.meta.dirname, '../fixtures/guacamole/transcript-1.6.0.jsonl')

test('the fake server answers as the real one did', async () => {
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  const transcript: Exchange[] = lines.map((line) => JSON.parse(line))
  const server = await startFakeGuacamole()
  const form = new URLSearchParams({ username: server.userName, password: server.password })
  const login = await (await fetch(`${server.url}/api/tokens`, { method: 'POST', body: form })).json()
  const headers = { 'guacamole-token': login.authToken, 'content-type': 'application/json' }
  const names = createNames()
  for (const said of transcript) {
    const body = said.request === undefined ? {} : { body: names.back(JSON.stringify(said.request)) }
    const url = `${server.url}/api/session/data/postgresql/${names.back(said.path)}`
    const answer = await fetch(url, { method: said.method, headers, ...body })
    const text = await answer.text()
    const response = text === '' ? undefined : names.inside(JSON.parse(text), said.path)
    expect(comparable({ ...said, status: answer.status, response }), JSON.stringify(said)).toEqual(comparable(said))
  }
  await server.stop()
})

const url = process.env['ENCHILADA_TEST_GUACAMOLE_URL']
test.runIf(url !== undefined && process.env['ENCHILADA_WRITE_TRANSCRIPT'] === '1')(
  'writes down a real server',
  async () => {
    const recorder = await startRecorder(url ?? '')
    const userName = process.env['ENCHILADA_TEST_GUACAMOLE_USER'] ?? ''
    const password = process.env['ENCHILADA_TEST_GUACAMOLE_PASSWORD'] ?? ''
    const stage = await restStage({ url: recorder.url, userName, password }, 'Enchilada transcript')
    await playScenario(stage)
    await stage.reset()
    await stage.stop()
    recorder.stop()
    writeFileSync(file, recorder.exchanges.map((one) => `${JSON.stringify(one)}\n`).join(''))
  },
)
