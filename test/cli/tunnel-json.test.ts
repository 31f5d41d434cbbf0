import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openJournal } from '../../src/tunnel/journal.ts'
import { openTunnel } from '../../src/tunnel/open-tunnel.ts'
import { enchilada } from '../login/product.ts'
import { openStage } from '../tunnel/stage.ts'

/** Each command is a process of its own. */
const PATIENCE_MS = 180_000

let stage: Awaited<ReturnType<typeof openStage>>
let folder: string
let env: NodeJS.ProcessEnv
beforeAll(async () => {
  stage = await openStage()
  folder = mkdtempSync(join(tmpdir(), 'enchilada-json-'))
  writeFileSync(join(folder, 'lab.yaml'), stage.text)
  env = { ...process.env, HOME: folder, XDG_STATE_HOME: folder, ENCHILADA_ENVIRONMENTS: join(folder, 'lab.yaml') }
}, PATIENCE_MS)
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await stage?.close()
})

/** Standard output is one document and nothing else, whatever the exit code says. */
async function document(code: number, ...args: string[]): Promise<unknown> {
  const ran = await enchilada(env, [...args, '--json'])
  expect(ran, ran.stderr).toMatchObject({ code })
  return JSON.parse(ran.stdout)
}

/** A tunnel whose process died: in the journal of that machine, its server running. */
async function leave() {
  const machine = stage.laptop({})
  const journal = openJournal(join(folder, 'enchilada', 'leases'))
  const { lease, instanceId } = await openTunnel({ ...machine.parts, journal }, stage.wish, machine.signal)
  const [entry] = (await journal.list()).entries
  if (!entry) throw new Error('the journal has no entry')
  await journal.write({ ...entry, holder: { ...entry.holder, start: 'another' } })
  machine.remove()
  return { lease, instanceId, host: lease.leased[0]?.split('/')[0] ?? '' }
}

describe('with --json, standard output is one document', () => {
  test(
    'where nothing is open',
    async () => {
      expect(await document(0, 'status')).toEqual({ tunnels: [], torn: [] })
      expect(await document(0, 'list')).toEqual({ servers: [], unasked: [] })
      expect(await document(0, 'down')).toEqual({ ended: [] })
      expect(await document(0, 'gc')).toEqual({ repaired: [], settled: [], ended: [], failed: [] })
    },
    PATIENCE_MS,
  )

  test(
    'of a tunnel: status, list, extend, explain, down',
    async () => {
      const { lease, instanceId, host } = await leave()
      expect(await document(0, 'status')).toMatchObject({
        tunnels: [{ lease: lease.id, environment: 'lab', state: 'left behind', instanceId, leased: lease.leased }],
      })
      const servers = [{ instanceId, leaseId: lease.id, environment: 'lab', owner: 'ada', scope: lease.scope }]
      expect(await document(0, 'list', 'lab')).toMatchObject({ servers, unasked: [] })
      expect(await document(0, 'extend', 'lab', '2h')).toEqual({
        extended: [{ instanceId, lease: lease.id, until: expect.any(Number) }],
      })
      expect(await document(0, 'explain', 'lab', host)).toMatchObject({ reached: true, hop: { state: 'active' } })
      expect(await document(1, 'explain', 'lab', '192.0.2.1')).toMatchObject({ reached: false, hop: null })
      expect(await document(0, 'down', 'lab')).toEqual({ ended: [{ lease: lease.id, environment: 'lab', instanceId }] })
      expect(await document(0, 'list')).toEqual({ servers: [], unasked: [] })
    },
    PATIENCE_MS,
  )

  test(
    'of gc, and of what could not be asked',
    async () => {
      const { lease } = await leave()
      await stage.aws.lab.setFaults([{ action: 'TerminateInstances', code: 'UnauthorizedOperation', status: 403 }])
      expect(await enchilada(env, ['down', '--json'])).toMatchObject({
        code: 77,
        stdout: '',
        error: 'TUNNEL_AWS_DENIED',
      })
      await stage.aws.lab.setFaults([])
      expect(await document(0, 'gc')).toMatchObject({ settled: [lease.id], failed: [] })
      await stage.aws.lab.setFaults([{ action: 'DescribeInstances', code: 'UnauthorizedOperation', status: 403 }])
      const unasked = { environment: 'lab', region: 'eu-west-1', reason: expect.any(String) }
      expect(await document(1, 'list')).toEqual({ servers: [], unasked: [unasked] })
      expect(await document(1, 'gc')).toMatchObject({ failed: [{ what: 'lab eu-west-1' }] })
      await stage.aws.lab.setFaults([])
    },
    PATIENCE_MS,
  )

  test(
    'of environments, cost and login',
    async () => {
      expect(await document(0, 'environments', 'list')).toMatchObject({ environments: [{ name: 'lab' }] })
      expect(await document(0, 'environments', 'show', 'lab')).toMatchObject({ name: 'lab', networks: [{}] })
      expect(await document(0, 'environments', 'check')).toMatchObject({ ok: true, environments: 1, faults: [] })
      expect(await document(0, 'cost')).toMatchObject({ currency: 'USD', hours: 8, days: 22 })
      const arn = expect.stringContaining(':assumed-role/People/ada')
      expect(await document(0, 'login', '--method', 'chain')).toMatchObject({ session: 'default', arn, keptIn: null })
    },
    PATIENCE_MS,
  )
})

test(
  'exec leaves standard output and exit code to its command',
  async () => {
    const script = 'console.log(JSON.stringify([Boolean(process.env.AWS_SESSION_TOKEN)])); process.exit(7)'
    expect(await enchilada(env, ['exec', '--', process.execPath, '-e', script])).toMatchObject({
      ...{ code: 7, stdout: '[true]\n', stderr: '' },
    })
  },
  PATIENCE_MS,
)

test.each([
  ['TUNNEL_ENVIRONMENT_UNKNOWN', 64, ['up', 'nowhere', '--json']],
  ['TUNNEL_ENVIRONMENT_UNKNOWN', 64, ['up', 'nowhere', '--json-lines']],
  ['TUNNEL_TARGET_INVALID', 64, ['up', 'lab', '--to', 'nonsense', '--json']],
  ['TUNNEL_LEASE_UNKNOWN', 1, ['down', 'nowhere', '--json']],
  ['TUNNEL_LEASE_UNKNOWN', 1, ['extend', 'lab', '1h', '--json']],
  ['TUNNEL_ADDRESS_INVALID', 64, ['explain', 'lab', 'nonsense', '--json']],
  ['TUNNEL_ENVIRONMENT_UNKNOWN', 64, ['environments', 'show', 'nowhere', '--json']],
  ['LOGIN_SESSION_UNKNOWN', 1, ['exec', '--session', 'none', '--json', '--', 'true']],
])(
  'a failure is one document on standard error: %s, exit %d, %j',
  async (code, exit, args) => {
    const ran = await enchilada(env, args)
    expect(ran, ran.stderr).toMatchObject({ code: exit, stdout: '' })
    expect(JSON.parse(ran.stderr)).toEqual({
      error: { code, message: expect.any(String), retryable: expect.any(Boolean), hint: expect.stringMatching(/\S/) },
    })
  },
  60_000,
)
