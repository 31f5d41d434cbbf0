import { join } from 'node:path'
import { EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2'
import { connectionId } from '../../src/model/connection.ts'
import type { Scope } from '../../src/model/scope.ts'
import { waitFor } from '../product/serve.ts'
import { openTerminal } from '../product/terminal-client.ts'
import type { Visitor } from '../product/visitor.ts'
import { quantile, type Row, row } from '../report.ts'
import { openLab, signInAtLab } from './lab.ts'
import { atPace } from './pace.ts'

const TRY_EVERY_MS = 50
const GIVE_UP_MS = 120_000
/** Amazon Linux as the lab has it: its user is `ec2-user`. */
const IMAGE = 'ami-0a1a2023a1a2023a0'

/**
 * Instances that boot: in the lab, whose hosts run their user data and their own sshd, and whose AWS is an emulator. Its time is in the
 * figures, and so is that of the boot; the shell is opened with a key made for it, pushed by EC2 Instance Connect.
 */
export async function benchRealHosts({ count, withinMs }: { count: number; withinMs: number }): Promise<Row[]> {
  const lab = await openLab(join(import.meta.dirname, '../..'))
  try {
    const { report } = lab
    const [example] = report.hosts
    if (!example) throw new Error('the lab has no host')
    const scope: Scope = { tenant: 'acme', partition: 'aws', account: example.account, region: example.region }
    const visitor = await signInAtLab(report, 'ada')
    Object.assign(process.env, { ...report.env, PATH: process.env['PATH'] })
    const ec2 = new EC2Client({ region: scope.region, profile: 'workload-1' })
    const times = await atPace(count, withinMs, async (n) => {
      const begun = performance.now()
      const instance = await launch(ec2, `bench-${n}`)
      const connection = connectionId(scope, instance, 'ssh', 22)
      await waitFor(`${instance} can be opened`, GIVE_UP_MS, () => isGranted(visitor, connection), TRY_EVERY_MS)
      const openable = performance.now() - begun
      await waitFor(`${instance} answers`, GIVE_UP_MS, () => answersShell(visitor, connection), TRY_EVERY_MS)
      return { openable, answered: performance.now() - begun }
    })
    const how = `real hosts, ${count} in ${withinMs / 1000} s`
    return [
      ...rowsOf(
        `RunInstances called → openable, ${how}`,
        times.map((one) => one.openable),
      ),
      ...rowsOf(
        `RunInstances called → its shell answers, boot included, ${how}`,
        times.map((one) => one.answered),
      ),
    ]
  } finally {
    await lab.stop()
  }
}

const rowsOf = (name: string, times: readonly number[]): Row[] =>
  [0.5, 0.99].map((q) => row({ name: `${name}, p${q * 100}`, unit: 'ms', value: quantile(times, q) }))

async function launch(ec2: EC2Client, name: string): Promise<string> {
  const answer = await ec2.send(
    new RunInstancesCommand({
      ImageId: IMAGE,
      InstanceType: 't3.nano',
      MinCount: 1,
      MaxCount: 1,
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: name }] }],
    }),
  )
  return answer.Instances?.[0]?.InstanceId ?? ''
}

async function isGranted(visitor: Visitor, connection: string): Promise<boolean> {
  const answer = await visitor.post(`/api/v1/connections/${connection}/tickets`)
  await answer.arrayBuffer()
  return answer.status === 201
}

/** While it boots the gateway refuses, each time with its reason. What counts is a word that the shell made itself. */
async function answersShell(visitor: Visitor, connection: string): Promise<boolean> {
  const terminal = await openTerminal(visitor, connection).catch(() => undefined)
  if (!terminal) return false
  let seen = ''
  terminal.onBytes((bytes) => {
    seen += bytes.toString('utf8')
  })
  terminal.type('echo bench$((40+2))\r')
  await waitFor('an echo', 20_000, () => seen.includes('bench42'), 5)
  terminal.close()
  return true
}
