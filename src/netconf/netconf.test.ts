import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFakeClock } from '../../test/fixtures/fake-clock.ts'
import { ProgramMissing } from '../kernel/run.ts'
import { type ClientEngine, type NetworkUp, networkDocument } from '../tunnel/network-document.ts'
import { createNetconf } from './netconf.ts'
import { planDown, planUp, type Step } from './plan.ts'
import { openUndoJournal } from './undo-journal.ts'

const key = `${'A'.repeat(43)}=`
const secret = `${'S'.repeat(43)}=`
const openvpn: ClientEngine = {
  name: 'openvpn',
  port: 443,
  certificate: 'Y2VydGlmaWNhdGU=',
  privateKey: 'cHJpdmF0ZSBrZXk=',
  fingerprint: Array.from({ length: 32 }, () => 'AB').join(':'),
  controlKey: '0f'.repeat(256),
}
const document: NetworkUp = {
  action: 'up',
  device: 'ench01234567',
  owner: process.pid,
  address: '198.18.0.6',
  endpoint: '203.0.113.9',
  engine: { name: 'wireguard', port: 51_820, publicKey: key, privateKey: secret },
  serverAddress: '198.18.0.5',
  routes: ['10.0.0.0/16', '10.1.0.0/16'],
  handshakeWithinMs: 5_000,
}

describe('the document', () => {
  const refused = (more: object) => networkDocument.safeParse({ ...document, ...more }).success === false
  test('holds addresses, keys and routes and nothing else', () => {
    expect(networkDocument.safeParse(document).success).toBe(true)
    expect(refused({ run: 'rm -rf /' })).toBe(true)
    expect(refused({ device: 'eth0' })).toBe(true)
    expect(refused({ device: 'ench../../x' })).toBe(true)
    expect(refused({ engine: { ...document.engine, privateKey: '/etc/shadow' } })).toBe(true)
    expect(refused({ engine: { ...openvpn, fingerprint: `${openvpn.fingerprint}\nup /bin/sh` } })).toBe(true)
    expect(refused({ engine: { ...openvpn, certificate: `${openvpn.certificate}\n</cert>\nup /bin/sh` } })).toBe(true)
    expect(refused({ engine: { ...openvpn, controlKey: `${openvpn.controlKey}\n` } })).toBe(true)
    expect(networkDocument.safeParse({ ...document, engine: openvpn }).success).toBe(true)
  })
  test.each([['0.0.0.0/0'], ['0.0.0.0/1'], ['128.0.0.0/1'], ['10.0.0.0/7'], ['::/0'], ['10.0.0.0'], ['-A'], ['']])(
    'takes no route like %j',
    (route) => expect(refused({ routes: [route] })).toBe(true),
  )
  test('does not lead to its own server through itself', () => {
    expect(refused({ routes: ['203.0.113.0/24'] })).toBe(true)
  })
})

const engines = [document.engine, openvpn]
const systems = ['linux', 'darwin', 'win32'] as const
test.each(engines.flatMap((engine) => systems.map((system) => ({ engine, system, name: engine.name }))))(
  'the steps of $name on $system are the ones that were reviewed',
  async ({ engine, system, name }) => {
    const { device, routes } = document
    const up = planUp(system, { ...document, engine })
    const down = planDown(system, { engine: name, device, routes })
    const { handshake } = up
    const lines = (steps: readonly Step[]) =>
      steps.map(
        ({ tries, input }) => `${tries.map((argv) => argv.join(' ')).join(' || ')}${input ? `\n<<\n${input}>>` : ''}`,
      )
    const text = [
      ...['# files', ...up.files.map((file) => `${file.path}${file.brief ? ' (brief)' : ''}\n${file.text.trimEnd()}`)],
      ...['# until the peer can answer', ...lines(up.before)],
      ...(handshake.by === 'look'
        ? [
            `# answered when ${handshake.look.join(' ')} says ${handshake.answered}`,
            '# peer made anew',
            ...lines(handshake.renew),
          ]
        : [
            `# answered when ${handshake.sockets.udp} says so`,
            '# where UDP does not get through',
            ...lines(handshake.overTcp),
          ]),
      ...['# once it has answered', ...lines(up.after)],
      ...['# undone by', ...lines(down.steps), ...down.files.map((file) => `remove ${file}`)],
    ]
    await expect(`${text.join('\n').replaceAll('\r', '')}\n`).toMatchFileSnapshot(`./golden/${name}-${system}.txt`)
    const steps = [...up.before, ...(handshake.by === 'look' ? handshake.renew : handshake.overTcp), ...up.after]
    const argued = JSON.stringify([...steps, ...down.steps].map(({ tries }) => tries))
    expect(argued).not.toContain(engine.privateKey)
  },
)

describe('what is done', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'netconf-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  /** A system whose `fails` step fails; the peer answers when `answers`. */
  function stage({ fails = '', answers = true, missing = '' } = {}) {
    const said: string[] = []
    const clock = createFakeClock()
    const journal = openUndoJournal(join(folder, 'journal'))
    const apply = createNetconf({
      system: 'linux',
      folder,
      journal,
      clock: { now: clock.now, sleep: async (ms) => void (await clock.advance(ms)) },
      isInstalled: (program) => program !== missing,
      run: async (argv) => {
        const line = argv.join(' ')
        said.push(line)
        if (argv[0] === missing) throw new ProgramMissing(missing, {})
        if (fails && line.startsWith(fails)) return { code: 2, stdout: '', stderr: 'no such luck' }
        const stdout = line.includes('latest-handshakes') ? `${key}\t${answers ? 1_764_000_000 : 0}\n` : ''
        return { code: 0, stdout, stderr: '' }
      },
    })
    return { said, journal, apply: (given: Parameters<typeof apply>[0]) => apply(given, new AbortController().signal) }
  }

  test('routes come after the handshake, and the key does not stay on the disk', async () => {
    const { apply, said, journal } = stage()
    await apply(document)
    expect(said.at(-1)).toBe('ip route add 10.1.0.0/16 dev ench01234567')
    expect(said.findIndex((line) => line.includes('latest-handshakes'))).toBeLessThan(said.length - 2)
    expect(readdirSync(folder)).toEqual(['journal'])
    expect(readFileSync(join(folder, 'journal/ench01234567.json'), 'utf8')).not.toContain(secret)
    await apply({ action: 'down', device: document.device })
    expect(said.at(-1)).toBe('ip link del dev ench01234567')
    expect(await journal.list()).toEqual([])
  })

  test.each([['ip addr'], ['wg set'], ['ip route add 10.1']])(
    'a failing "%s" undoes what went before',
    async (fails) => {
      const { apply, said, journal } = stage({ fails })
      await expect(apply(document)).rejects.toMatchObject({ code: 'NETCONF_STEP_FAILED' })
      expect(said.at(-1)).toBe('ip link del dev ench01234567')
      expect(await journal.list()).toEqual([])
      expect(existsSync(join(folder, 'ench01234567.key'))).toBe(false)
    },
  )

  test('a peer that never answers is asked anew, and then everything is undone', async () => {
    const { apply, said } = stage({ answers: false })
    await expect(apply(document)).rejects.toMatchObject({ code: 'NETCONF_NO_HANDSHAKE' })
    expect(said.filter((line) => line.endsWith('remove')).length).toBeGreaterThan(5)
    expect(said.at(-1)).toBe('ip link del dev ench01234567')
  })

  test('a program that is not there is named', async () => {
    await expect(stage({ missing: 'wg' }).apply(document)).rejects.toMatchObject({ code: 'NETCONF_PROGRAM_MISSING' })
  })

  test('a program that is not there is named before a server is made', async () => {
    const { apply, said } = stage({ missing: 'openvpn' })
    await expect(apply({ action: 'repair', engine: 'openvpn' })).rejects.toMatchObject({
      code: 'NETCONF_PROGRAM_MISSING',
      message: 'the program openvpn is not installed',
    })
    expect(await apply({ action: 'repair', engine: 'wireguard' })).toEqual({ repaired: [] })
    expect(said).toEqual([])
  })

  test('the next run undoes what a process left that is gone, and leaves the living alone', async () => {
    const { apply, said, journal } = stage()
    const made = { engine: 'wireguard' as const, routes: ['10.0.0.0/16'], owner: process.pid }
    await journal.write({ ...made, device: 'ench00000001', ownerStart: '1' })
    await apply(document)
    expect(said[0]).toBe('ip link del dev ench00000001')
    const { repaired } = await apply({ action: 'repair' })
    expect(repaired).toEqual([])
    expect((await journal.list()).map(({ device }) => device)).toEqual(['ench01234567'])
  })
})
