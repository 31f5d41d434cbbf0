import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
} from '@aws-sdk/client-sqs'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listLogRecords } from '../../src/audit/list-log-records.ts'
import { builtInCatalogue } from '../../src/catalogue/built-in.ts'
import { writeScopeMessage } from '../../src/guacamole/scope-message.ts'
import { formatScope } from '../../src/model/scope.ts'
import { connectionOf, scopeOf } from '../fixtures/guacamole/connections.ts'
import { type FakeGuacamole, startFakeGuacamole } from '../fixtures/guacamole/fake-server.ts'
import { restStage } from '../fixtures/guacamole/rest-stage.ts'
import { openGuacamoleDatabase, sqlStage } from '../fixtures/guacamole/sql-stage.ts'
import { batchOf } from './batches.ts'
import { readQueueWith } from './emulated-function.ts'
import { type FollowerStage, startFollowerStage } from './follower-stage.ts'

const here = scopeOf('111122223333')
const catalogue = builtInCatalogue(() => ({ tags: [], persons: [] }))
const PLAIN = 'passphrase of the vnc servers'
let folder: string
let stage: FollowerStage
let server: FakeGuacamole
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'enchilada-follower-'))
  execFileSync(process.execPath, ['script/build.ts', '--function', 'follower', folder])
  ;[stage, server] = await Promise.all([startFollowerStage(), startFakeGuacamole()])
  await stage.publish('engineers')
  await catalogue.write(stage.store.db, here, [connectionOf({ n: 1, protocol: 'vnc' })], 0)
}, 240_000)
afterAll(async () => {
  await server.stop()
  await stage.stop()
  rmSync(folder, { recursive: true, force: true })
})

const run = promisify(execFile)

/** What a process of the function answers, and all that it says; a failure as Lambda's runtime writes it down. */
async function invoke(event: object, env: Record<string, string>): Promise<{ answer: unknown; said: string }> {
  const code = `
    const context = { getRemainingTimeInMillis: () => 30_000 }
    const told = (error) => JSON.stringify({ name: error.name, message: error.message, stack: error.stack, ...error })
    try {
      const { handler } = await import(process.argv[1])
      console.log(JSON.stringify(await handler(JSON.parse(process.argv[2]), context)))
    } catch (error) {
      console.error(told(error))
      console.log(JSON.stringify(error.code))
    }
    process.exit()`
  const bundle = pathToFileURL(join(folder, 'follower', 'index.mjs')).href
  const { stdout, stderr } = await run(
    process.execPath,
    ['--input-type=module', '--eval', code, bundle, JSON.stringify(event)],
    { env: { ...process.env, ...env, LOG_LEVEL: 'debug' } },
  )
  return { answer: JSON.parse(stdout), said: stdout + stderr }
}

test('the function as it ships writes to Guacamole, reads its history, and never says what opens what', async () => {
  const plain = { protocol: 'vnc', parameter: 'password', secret: { env: 'PLAIN' }, accounts: [here.account] }
  const settings = {
    rest: { url: server.url, userName: server.userName, password: { env: 'OPENS' } },
    secretsInPlainTextForAllWhoReadTheGuacamoleDatabase: [plain],
  }
  const opens = await stage.keepSecret('opens', server.password)
  const arns = { OPENS: opens, PLAIN: await stage.keepSecret('plain', PLAIN) }
  const env = stage.environmentOf(settings, arns)
  const scopes = batchOf(stage.queues.guacamole, [{ id: 'a', body: writeScopeMessage(formatScope(here)) }])
  const heard: string[] = []
  const answerOf = async (event: object, more: Record<string, string> = env) => {
    const { answer, said } = await invoke(event, more)
    heard.push(said)
    return answer
  }

  expect(await answerOf(scopes)).toEqual({ batchItemFailures: [] })
  expect(heard.join('')).toContain('"msg":"in step"')
  const { see } = await restStage(server)
  expect((await see()).connections).toMatchObject([{ readers: ['engineers'], parameters: { password: PLAIN } }])
  expect(await answerOf({ history: true })).toEqual({ batchItemFailures: [] })

  server.changePassword('another one')
  expect(await answerOf(scopes)).toEqual({ batchItemFailures: [{ itemIdentifier: 'a' }] })
  expect(await answerOf({ history: true })).toBe('GUACAMOLE_LOGIN_REFUSED')
  const noUrl = 'mysql://enchilada:password of the database@nowhere:99999/guacamole'
  const broken = stage.environmentOf(
    { sql: { mysql: { env: 'OPENS' } } },
    { OPENS: await stage.keepSecret('url', noUrl) },
  )
  expect(await answerOf({ history: true }, broken)).toBe('GUACAMOLE_URL_INVALID')
  expect(await answerOf(scopes, broken)).toEqual({ batchItemFailures: [{ itemIdentifier: 'a' }] })

  const all = heard.join('')
  expect(all).toContain('GUACAMOLE_LOGIN_REFUSED')
  for (const secret of [server.password, PLAIN, 'password of the database', '"any"']) expect(all).not.toContain(secret)
  const { items } = await listLogRecords(stage.trail, { kind: 'guacamole.secret-stored' }, { limit: 1 })
  expect(items).toMatchObject([{ actor: 'system:follower', data: { accounts: [here.account] } }])
}, 120_000)

test('a scope that can never be written ends in the dead letters, where the alarm looks; the others are written', async () => {
  const poisoned = scopeOf('666666666666')
  await catalogue.write(stage.store.db, poisoned, [connectionOf({ n: 66, scope: poisoned })], 0)
  const guacamole = await openGuacamoleDatabase(stage.postgres.url, 'poisoned')
  const never = sql`alter table guacamole_connection_parameter add check (parameter_value <> '10.0.0.66')`
  await never.execute(guacamole.db)
  const at = new URL(stage.postgres.url)
  at.pathname = '/poisoned'

  const queue = async (QueueName: string, Attributes = {}) =>
    (await stage.sqs.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl ?? ''
  const attributesOf = async (QueueUrl: string) =>
    (await stage.sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }))).Attributes ?? {}
  const deadLetters = await queue('scopes-dead-letters')
  const { QueueArn: deadLetterTargetArn = '' } = await attributesOf(deadLetters)
  // Ten in the stack: with pauses that double that is a quarter of an hour.
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 2 })
  const scopes = await queue('scopes', { RedrivePolicy })
  const { QueueArn: queueArn = '' } = await attributesOf(scopes)
  const bodies = [poisoned, here].map((scope) => writeScopeMessage(formatScope(scope)))
  const Entries = bodies.map((MessageBody, n) => ({ Id: String(n), MessageBody }))
  await stage.sqs.send(new SendMessageBatchCommand({ QueueUrl: scopes, Entries }))

  const opens = { OPENS: await stage.keepSecret('poisoned', at.href) }
  const env = { ...stage.environmentOf({ sql: { postgres: { env: 'OPENS' } } }, opens), GUACAMOLE_QUEUE_URL: scopes }
  const credentials = { accessKeyId: 'AKIALABMANAGEMENT000', secretAccessKey: 'lab' }
  const target = { endpoint: stage.endpoint, credentials, region: 'eu-west-1' }
  const account = queueArn.split(':')[4] ?? ''
  const bundle = join(folder, 'follower')
  await readQueueWith(target, { name: 'follower', account, bundle, env, queueArn })

  await expect
    .poll(async () => (await attributesOf(deadLetters))['ApproximateNumberOfMessages'], { timeout: 60_000 })
    .toBe('1')
  const { Messages } = await stage.sqs.send(new ReceiveMessageCommand({ QueueUrl: deadLetters }))
  expect(Messages?.map(({ Body }) => Body)).toEqual(bodies.slice(0, 1))
  expect(await attributesOf(scopes)).toMatchObject({
    ApproximateNumberOfMessages: '0',
    ApproximateNumberOfMessagesNotVisible: '0',
  })
  expect((await sqlStage(guacamole).see()).connections).toMatchObject([{ parameters: { hostname: '10.0.0.1' } }])
  await guacamole.close()
}, 120_000)
