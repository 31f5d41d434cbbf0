import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { callQuery, callRest, type RawTarget } from '../../lab/aws/raw-call.ts'

const TRUST = { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }
/** What a function may do is the business of the stack's own tests. */
const ANYTHING = { Effect: 'Allow', Action: '*', Resource: '*' }
const policy = (statement: object) => JSON.stringify({ Version: '2012-10-17', Statement: [statement] })

type Emulated = { name: string; account: string; bundle: string; env: Record<string, string>; queueArn: string }

/** A bundle as Lambda runs it, which the emulator hands the messages of a queue. */
export async function readQueueWith(target: RawTarget, { name, account, bundle, env, queueArn }: Emulated) {
  const role = { Version: '2010-05-08', RoleName: name }
  await callQuery(target, 'iam', { ...role, Action: 'CreateRole', AssumeRolePolicyDocument: policy(TRUST) })
  const held = { PolicyName: 'all', PolicyDocument: policy(ANYTHING) }
  await callQuery(target, 'iam', { ...role, ...held, Action: 'PutRolePolicy' })
  await callRest(target, 'lambda', '/2015-03-31/functions', 'POST', {
    FunctionName: name,
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Timeout: 60,
    Role: `arn:aws:iam::${account}:role/${name}`,
    Environment: { Variables: env },
    Code: { ZipFile: zip(bundle).toString('base64') },
  })
  await callRest(target, 'lambda', '/2015-03-31/event-source-mappings', 'POST', {
    EventSourceArn: queueArn,
    FunctionName: name,
    BatchSize: 10,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
  })
}

function zip(bundle: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'enchilada-zip-'))
  try {
    const file = join(folder, 'code.zip')
    execFileSync('python3', ['-m', 'zipfile', '-c', file, ...readdirSync(bundle)], { cwd: bundle })
    return readFileSync(file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
