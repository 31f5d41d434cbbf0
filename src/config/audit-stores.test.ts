import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LabAws, startLabAws } from '../../test/fixtures/lab-aws.ts'
import { createNotary } from '../audit/notary.ts'
import { createS3Client } from '../aws/bucket.ts'
import { createKmsClient } from '../aws/kms-signer.ts'
import { createLogsClient } from '../aws/logs-client.ts'
import { systemClock } from '../kernel/clock.ts'
import { silentLog } from '../kernel/log.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { openSqlite } from '../store/sqlite.ts'
import { openAuditStores, openSigner } from './audit-stores.ts'
import { type Loaded, loadConfig } from './load-config.ts'
import { openNodeTrail } from './node-trail.ts'

let aws: LabAws
let folder: string
let kms: string
beforeAll(async () => {
  aws = await startLabAws()
  folder = mkdtempSync(join(tmpdir(), 'enchilada-stores-'))
  await createLogsClient('eu-west-1').send(new CreateLogGroupCommand({ logGroupName: '/acme/trail' }))
  await createLogsClient('eu-west-1').send(new CreateLogGroupCommand({ logGroupName: '/acme/direct' }))
  const where = { LocationConstraint: 'eu-west-1' } as const
  const bucket = new CreateBucketCommand({ Bucket: 'acme-proof', CreateBucketConfiguration: where })
  await createS3Client('eu-west-1', process.env).send(bucket)
  const made = await createKmsClient('eu-west-1').send(
    new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }),
  )
  kms = made.KeyMetadata?.Arn ?? ''
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await aws.stop()
})

const configured = (name: string, logs: string): Loaded => {
  const path = join(folder, `${name}.yaml`)
  writeFileSync(
    path,
    `
portal: { url: "https://enchilada.example.com" }
signIn: { issuer: "https://idp.example.com", clientId: enchilada }
aws: { homeRegion: eu-west-1 }
audit:
  directory: trail-${name}
  checkpoints: s3://acme-proof/${name}
  signingKey: { kms: "${kms}" }
  cloudWatchLogs: ${logs}
`,
  )
  return loadConfig(path)
}
const event = (n: number): AuditEvent => ({ kind: 'session.connected', actor: `p-${n}`, subject: 'c', source: 'fact' })
const settled = { ...systemClock, now: () => Date.now() + 10_000 }

test('records in a log group, checkpoints in a bucket, a key in KMS: one proof', async () => {
  const loaded = configured('files', '{ group: /acme/trail }')
  const store = await openSqlite(':memory:')
  const { trail, sink } = await openNodeTrail({ loaded, node: 'node-1', store, clock: systemClock, log: silentLog })
  for (let n = 0; n < 20; n += 1) await trail.record(event(n))
  await sink?.send()
  const stores = await openAuditStores(loaded, process.env)
  const notarise = createNotary({ ...stores, signer: await openSigner(loaded), clock: settled })
  expect(await notarise()).toMatchObject({ signed: true, faults: [] })
  await trail.record(event(20))
  await sink?.send()
  expect(await stores.verify()).toMatchObject({ ok: true, records: 21, unsigned: 1 })
  const files = await openAuditStores(loaded, process.env, { source: 'files' })
  expect(await files.verify()).toMatchObject({ ok: true, records: 21, unsigned: 1 })
  const anchored = await openAuditStores(loaded, process.env, { anchor: 's3://acme-proof/elsewhere' })
  expect((await anchored.verify()).faults).toMatchObject([{ code: 'no-checkpoints' }])
  await Promise.all([trail.close(), store.close()])
})

test('a node without a disk writes straight into the log group, and is listed like any other', async () => {
  const loaded = configured('direct', '{ group: /acme/direct, direct: true }')
  const store = await openSqlite(':memory:')
  const open = () => openNodeTrail({ loaded, node: 'ignored', store, clock: systemClock, log: silentLog })
  const nodes = await Promise.all([open(), open()])
  for (let n = 0; n < 30; n += 1) await nodes[n % 2]?.trail.record(event(n % 3))
  const { list, verify, records } = await openAuditStores(loaded, process.env, { source: 'cloudwatch:/acme/direct' })
  expect(await records.writers()).toEqual(['node-1', 'node-2'])
  expect(await verify()).toMatchObject({ records: 30, faults: [{ code: 'no-checkpoints' }] })
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await list({ actor: 'p-1' }, { limit: 4, cursor })
    seen.push(...page.items.map(({ writer, seq }) => `${writer}/${seq}`))
    cursor = page.nextCursor
  } while (cursor !== undefined)
  expect(seen).toHaveLength(10)
  expect(new Set(seen).size).toBe(10)
  await Promise.all(nodes.map(({ trail }) => trail.close()))
  await store.close()
})
