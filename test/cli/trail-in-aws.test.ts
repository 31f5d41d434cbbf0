import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { callQuery } from '../../lab/aws/raw-call.ts'
import { createS3Client, openBucket } from '../../src/aws/bucket.ts'
import { createKmsClient } from '../../src/aws/kms-signer.ts'
import { createLogsClient } from '../../src/aws/logs-client.ts'
import { bucketFiles } from '../../src/recording/bucket-files.ts'
import { freePort } from '../fixtures/free-port.ts'
import { type LabAws, startLabAws } from '../fixtures/lab-aws.ts'
import { setRecordingStage } from '../fixtures/recording-stage.ts'

/** `serve` with everything that proves what happened in AWS, and the command line that reads it there. */
let aws: LabAws
let folder: string
let url: string
let serving: ChildProcess | undefined
let said = ''

beforeAll(async () => {
  aws = await startLabAws()
  folder = mkdtempSync(join(tmpdir(), 'enchilada-cli-'))
  const where = { CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } } as const
  await createLogsClient('eu-west-1').send(new CreateLogGroupCommand({ logGroupName: '/acme/trail' }))
  const s3 = createS3Client('eu-west-1', process.env)
  for (const Bucket of ['acme-proof', 'acme-recordings']) await s3.send(new CreateBucketCommand({ Bucket, ...where }))
  const key = new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
  const { KeyMetadata } = await createKmsClient('eu-west-1').send(key)
  url = `http://127.0.0.1:${await freePort()}`
  mkdirSync(join(folder, 'policies'))
  writeFileSync(join(folder, 'policies', 'all.cedar'), 'permit (principal, action, resource);')
  writeFileSync(
    join(folder, 'enchilada.yaml'),
    `
node: node-1
portal: { url: "${url}", listen: "${new URL(url).host}" }
signIn: { issuer: "http://127.0.0.1:9", clientId: enchilada }
access: { policies: policies }
store: { sqlite: enchilada.db }
aws: { homeRegion: eu-west-1, accounts: [{ id: "111122223333" }], regions: [eu-west-1] }
discovery: { sweepEvery: 1h }
recordings: { directory: spool, s3: { url: s3://acme-recordings/acme } }
audit:
  directory: trail
  checkpointEvery: 1s
  checkpoints: s3://acme-proof/acme
  signingKey: { kms: "${KeyMetadata?.Arn}" }
  cloudWatchLogs: { group: /acme/trail }
`,
  )
  Object.assign(process.env, await asPortal())
  serving = spawn(process.execPath, ['src/cli/main.ts', 'serve', '--config', join(folder, 'enchilada.yaml')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  serving.stderr?.on('data', (chunk) => {
    said += chunk
  })
  await vi.waitFor(() => expect(said).toContain('"msg":"ready"'), { timeout: 30_000, interval: 50 })
})
afterAll(async () => {
  serving?.kill()
  await new Promise((resolve) => (serving?.exitCode === null ? serving.once('exit', resolve) : resolve(undefined)))
  rmSync(folder, { recursive: true, force: true })
  await aws.stop()
})

/** What docs/install/one-ec2-instance.md says that the portal's role needs, and nothing else. */
async function asPortal(): Promise<Record<string, string>> {
  const page = readFileSync('docs/install/one-ec2-instance.md', 'utf8')
  const Action = [...page.matchAll(/`((?:logs|s3|kms):\w+)`/g)].map(([, action]) => action)
  const everywhere = { Effect: 'Allow', Resource: '*' }
  const trust = { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }
  const root = { accessKeyId: 'AKIALABMANAGEMENT000', secretAccessKey: 'lab' }
  const iam = (params: Record<string, string>) =>
    callQuery({ endpoint: aws.endpoint, region: 'eu-west-1', credentials: root }, 'iam', {
      Version: '2010-05-08',
      RoleName: 'portal',
      ...params,
    })
  const documentOf = (statement: object) => JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
  const made = await iam({ Action: 'CreateRole', AssumeRolePolicyDocument: documentOf(trust) })
  const policy = documentOf({ ...everywhere, Action })
  await iam({ Action: 'PutRolePolicy', PolicyName: 'documented', PolicyDocument: policy })
  const RoleArn = /<Arn>(.*?)<\/Arn>/.exec(made)?.[1]
  const { Credentials } = await new STSClient({ region: 'eu-west-1' }).send(
    new AssumeRoleCommand({ RoleArn, RoleSessionName: 'portal' }),
  )
  return {
    AWS_ACCESS_KEY_ID: Credentials?.AccessKeyId ?? '',
    AWS_SECRET_ACCESS_KEY: Credentials?.SecretAccessKey ?? '',
    AWS_SESSION_TOKEN: Credentials?.SessionToken ?? '',
  }
}

type Ran = { code: number; stdout: string; stderr: string }
const cli = (...args: string[]): Promise<Ran> =>
  new Promise((resolve) => {
    const command = ['src/cli/main.ts', ...args, '--config', join(folder, 'enchilada.yaml')]
    const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined }
    execFile(process.execPath, command, { env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    )
  })
const metric = async (name: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1])
}

describe('serve with its trail in AWS', { timeout: 60_000 }, () => {
  test('is ready, and says how far the log group is behind', async () => {
    await vi.waitFor(async () => expect(await metric('enchilada_audit_sink_waiting_records')).toBe(0), 10_000)
    expect(await metric('enchilada_audit_sink_lag_seconds')).toBe(0)
    expect(await metric('enchilada_recordings_waiting_bytes')).toBe(0)
    expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({ ready: true })
  })

  test('the command line lists and verifies what is there', async () => {
    const listed = await cli('audit', 'list', '--json', '--kind', 'configuration', '--limit', '5')
    expect(listed.code).toBe(0)
    const { records } = JSON.parse(listed.stdout)
    expect(records).toMatchObject([
      { kind: 'configuration.loaded', writer: 'node-1', data: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } },
    ])
    // The youngest records wait five seconds for the notary.
    const verified = async () => JSON.parse((await cli('audit', 'verify', '--json')).stdout)
    await vi.waitFor(async () => expect(await verified()).toMatchObject({ ok: true, unsigned: 0, faults: [] }), {
      timeout: 30_000,
      interval: 500,
    })
    const plain = await cli('audit', 'verify', '--source', 'files', '--anchor', 's3://acme-proof/acme')
    expect(plain).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('are what was written.') })
    const table = await cli('audit', 'list')
    expect(table.stdout).toMatch(/^AT +KIND +ACTOR/)
    expect(table.stdout).not.toContain('\u001b')
  })

  test('an export satisfies the second verifier', async () => {
    const to = join(folder, 'export')
    const copied = JSON.parse((await cli('audit', 'export', to, '--json')).stdout)
    expect(copied.signed).toBeGreaterThan(0)
    const args = ['docs/verify/enchilada_verify.py', '--trail', copied.trail, '--checkpoints', copied.checkpoints]
    const { stdout } = await promisify(execFile)('python3', args)
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, records: copied.records })
    expect(await cli('audit', 'export', to)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('AUDIT_EXPORT_EXISTS'),
    })
  })

  test('a change in the files, and a proof that is not there, are found', async () => {
    const copy = join(folder, 'copy', 'node-1')
    mkdirSync(copy, { recursive: true })
    const day = `${new Date().toISOString().slice(0, 10)}.jsonl`
    const text = readFileSync(join(folder, 'trail', 'node-1', day), 'utf8')
    writeFileSync(join(copy, day), text.replace('system:serve', 'system:swerve'))
    const changed = await cli('audit', 'verify', '--source', join(folder, 'copy'), '--json')
    expect(changed.code).toBe(1)
    expect(JSON.parse(changed.stdout).faults[0]).toMatchObject({ code: 'broken-chain', writer: 'node-1', seq: 2 })
    const unproven = await cli('audit', 'verify', '--anchor', 's3://acme-proof/nothing', '--json')
    expect(unproven.code).toBe(1)
    expect(JSON.parse(unproven.stdout).faults[0]).toMatchObject({ code: 'no-checkpoints' })
  })

  test('recordings are read from the bucket', async () => {
    expect(await cli('recordings', 'list', '--json')).toMatchObject({ code: 0, stdout: '{\n  "recordings": []\n}\n' })
    const unknown = await cli('recordings', 'verify', '01a20f08-06c3-7d1f-ab8e-c18c7c963a26', '--json')
    expect(unknown.code).toBe(1)
    expect(JSON.parse(unknown.stderr)).toMatchObject({ error: { code: 'RECORDING_NOT_FOUND' } })
  })

  test('who exports one from there is in the trail there, in a chain of their own', async () => {
    const bucket = openBucket(createS3Client('eu-west-1', process.env), { bucket: 'acme-recordings', prefix: 'acme' })
    const stage = await setRecordingStage()
    const recorder = await stage.open({ files: bucketFiles(bucket), spoolLimit: 1_000_000 }).open(stage.facts())
    recorder.output(Buffer.from('shown to the person'))
    await recorder.seal('closed-by-person')
    stage.close()
    const { id } = recorder.facts
    const exported = await cli('recordings', 'export', id)
    expect(exported).toMatchObject({ code: 0, stdout: expect.stringContaining('shown to the person') })
    const listed = await cli('audit', 'list', '--kind', 'recording', '--json')
    expect(JSON.parse(listed.stdout).records).toMatchObject([
      { kind: 'recording.exported', writer: expect.stringMatching(/^cli-/), seq: 1, subject: id, source: 'claim' },
    ])
    await aws.lab.setFaults([{ service: 'logs', action: 'PutLogEvents', code: 'AccessDeniedException', status: 400 }])
    const refused = await cli('recordings', 'play', id)
    await aws.lab.setFaults([])
    expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('/acme/trail') })
    expect(refused.stderr).toMatch(/\((AUDIT_UNAVAILABLE|AUDIT_SINK_DENIED)\)/)
  })

  test.each([
    ['audit', 'list', '--limit', 'many'],
    ['audit', 'list', '--from', 'yesterday'],
    ['recordings', 'list', '--to', '2026-13-45'],
    ['recordings', 'play', 'x', '--speed', '0'],
    ['recordings', 'verify'],
    ['audit', 'nothing'],
  ])('%s %s %s is a usage error', async (...args) => {
    const ran = await cli(...args.filter((arg) => arg !== undefined))
    expect(ran).toMatchObject({ code: 64, stdout: '' })
    expect(ran.stderr).not.toBe('')
  })

  test('a denied log group is named with what to do, and the trail goes on in its files', async () => {
    await aws.lab.setFaults([{ service: 'logs', action: 'PutLogEvents', code: 'AccessDeniedException', status: 400 }])
    const other = await fetch(`${url}/sign-in/callback?state=x&code=y`, { redirect: 'manual' })
    expect(other.status).toBeGreaterThanOrEqual(300)
    await vi.waitFor(() => expect(said).toContain('AUDIT_SINK_DENIED'), 20_000)
    expect(await metric('enchilada_audit_sink_waiting_records')).toBeGreaterThan(0)
    expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({ ready: true })
    await aws.lab.setFaults([])
    await vi.waitFor(async () => expect(await metric('enchilada_audit_sink_waiting_records')).toBe(0), 30_000)
    const all = await cli('audit', 'verify', '--json')
    expect(JSON.parse(all.stdout)).toMatchObject({ ok: true })
  })
})
