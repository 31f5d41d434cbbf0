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
  test('sends names of narrow zones to a resolver that a route leads to, and no others', () => {
    const dns = { resolver: '10.0.0.2', zones: ['corp.example', 'eu-west-1.compute.internal', '0.10.in-addr.arpa'] }
    expect(networkDocument.safeParse({ ...document, dns }).success).toBe(true)
    expect(refused({ dns: { ...dns, resolver: '10.9.0.2' } })).toBe(true)
    expect(refused({ dns: { ...dns, resolver: '::1' } })).toBe(true)
    for (const zone of [
      '',
      '.',
      'com',
      'local',
      'in-addr.arpa',
      'Corp.example',
      "corp.example'; reboot",
      'a..b',
      '../x.y',
    ])
      expect(refused({ dns: { ...dns, zones: [zone] } }), zone).toBe(true)
    const many = Array.from({ length: 201 }, (_, n) => `zone-${n}.example`)
    expect(refused({ dns: { ...dns, zones: many } })).toBe(true)
    expect(refused({ dns: { ...dns, zones: [] } })).toBe(true)
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
    const down = planDown(system, { engine: name, device, routes, dns: false })
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

  /** A system whose `fails` step fails; the peer is so many ms away. */
  function stage({ fails = '', distance = 0, missing = '', version = '2.6.14' } = {}) {
    const said: string[] = []
    /** Zones of each device, as systemd-resolved has them. */
    const links = new Map<string, string>()
    const clock = createFakeClock()
    let attemptAt = Number.NaN
    const journal = openUndoJournal(join(folder, 'journal'))
    const apply = createNetconf({
      system: 'linux',
      folder,
      journal,
      clock: { now: clock.now, sleep: async (ms) => void (await clock.advance(ms)) },
      isInstalled: (program) => program !== missing,
      run: async (argv, { input } = {}) => {
        const line = argv.join(' ')
        said.push(line, ...(input?.trimEnd().split('\n') ?? []))
        if (argv[0] === missing) throw new ProgramMissing(missing, {})
        if (fails && (input ?? line).startsWith(fails)) return { code: 2, stdout: '', stderr: 'no such luck' }
        if (line === 'openvpn --version')
          return { code: 1, stdout: `OpenVPN ${version} x86_64-pc-linux-gnu`, stderr: '' }
        const [program, verb, device = '', ...zones] = argv
        if (program === 'resolvectl' && verb === 'domain' && zones.length > 0) links.set(device, zones.join(' '))
        if (line.startsWith('ip link del')) links.delete(argv.at(-1) ?? '')
        if (line === 'resolvectl domain')
          return {
            code: 0,
            stdout: [...links].map(([name, held]) => `Link 7 (${name}): ${held}\n`).join(''),
            stderr: '',
          }
        if (line.startsWith('wg set')) attemptAt = line.endsWith('remove') ? Number.NaN : clock.now()
        const answered = clock.now() - attemptAt >= distance
        const stdout = line.includes('latest-handshakes') ? `${key}\t${answered ? 1_764_000_000 : 0}\n` : ''
        return { code: 0, stdout, stderr: '' }
      },
    })
    return { said, journal, apply: (given: Parameters<typeof apply>[0]) => apply(given, new AbortController().signal) }
  }

  test('routes come after the handshake, and the key does not stay on the disk', async () => {
    const { apply, said, journal } = stage()
    await apply(document)
    expect(said.at(-1)).toBe('route add 10.1.0.0/16 dev ench01234567')
    expect(said.findIndex((line) => line.includes('latest-handshakes'))).toBeLessThan(said.indexOf('ip -batch -'))
    expect(readdirSync(folder)).toEqual(['journal'])
    expect(readFileSync(join(folder, 'journal/ench01234567.json'), 'utf8')).not.toContain(secret)
    await apply({ action: 'down', device: document.device })
    expect(said.at(-1)).toBe('ip link del dev ench01234567')
    expect(await journal.list()).toEqual([])
  })

  test('a device that replaces another takes its routes over, each in one step, and the other stays until it is ended', async () => {
    const { apply, said, journal } = stage()
    await apply(document)
    said.length = 0
    await apply({ ...document, device: 'ench89abcdef', replaces: document.device })
    expect(said.slice(said.indexOf('ip -batch -') + 1)).toEqual([
      'route replace 10.0.0.0/16 dev ench89abcdef',
      'route replace 10.1.0.0/16 dev ench89abcdef',
    ])
    await apply({ action: 'down', device: document.device })
    expect((await journal.list()).map(({ device }) => device)).toEqual(['ench89abcdef'])
  })

  test('zones of a device that is replaced are free for the one that takes its place', async () => {
    const dns = { resolver: '10.0.0.2', zones: ['corp.example'] }
    const { apply, said } = stage()
    await apply({ ...document, dns })
    expect(await apply({ ...document, dns, device: 'ench89abcdef', replaces: document.device })).toMatchObject({
      zones: ['corp.example'],
      warnings: [],
    })
    expect(said.at(-1)).toBe('resolvectl dns ench89abcdef 10.0.0.2')
  })

  test('a device whose server does not answer leaves the other where it is', async () => {
    await stage().apply(document)
    const { apply, said, journal } = stage({ distance: Number.POSITIVE_INFINITY })
    const again = { ...document, device: 'ench89abcdef', replaces: document.device }
    await expect(apply(again)).rejects.toMatchObject({ code: 'NETCONF_NO_HANDSHAKE' })
    expect(said.filter((line) => line.startsWith('ip link del'))).toEqual(['ip link del dev ench89abcdef'])
    expect((await journal.list()).map(({ device }) => device)).toEqual([document.device])
  })

  test('names are asked there once its routes lead there, and no more before the device goes, whoever ends it', async () => {
    const { apply, said, journal } = stage()
    const dns = { resolver: '10.0.0.2', zones: ['corp.example'] }
    expect(await apply({ ...document, dns })).toMatchObject({ zones: ['corp.example'], warnings: [] })
    expect(said).toContain('route add 10.1.0.0/16 dev ench01234567')
    expect(said.at(-1)).toBe('resolvectl dns ench01234567 10.0.0.2')
    const [made] = await journal.list()
    if (made) await journal.write({ ...made, ownerStart: 'gone' })
    expect(await apply({ action: 'repair' })).toEqual({ repaired: ['ench01234567'] })
    expect(said.slice(-2)).toEqual(['resolvectl revert ench01234567', 'ip link del dev ench01234567'])
  })

  test.each([['ip addr'], ['wg set'], ['route add 10.0']])('a failing "%s" undoes what went before', async (fails) => {
    const { apply, said, journal } = stage({ fails })
    await expect(apply(document)).rejects.toMatchObject({ code: 'NETCONF_STEP_FAILED' })
    expect(said.at(-1)).toBe('ip link del dev ench01234567')
    expect(await journal.list()).toEqual([])
    expect(existsSync(join(folder, 'ench01234567.key'))).toBe(false)
  })

  test('a peer that never answers is asked anew, and then everything is undone', async () => {
    const { apply, said } = stage({ distance: Number.POSITIVE_INFINITY })
    await expect(apply(document)).rejects.toMatchObject({ code: 'NETCONF_NO_HANDSHAKE' })
    expect(said.filter((line) => line.endsWith('remove')).length).toBeGreaterThan(5)
    expect(said.at(-1)).toBe('ip link del dev ench01234567')
  })

  test('a peer that is further away than attempts are apart is met all the same', async () => {
    const { apply } = stage({ distance: 700 })
    const { handshakeMs } = await apply({ ...document, handshakeWithinMs: 180_000 })
    expect(handshakeMs).toBeGreaterThan(700)
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
    expect(said).toEqual([])
    expect(await apply({ action: 'repair', engine: 'wireguard' })).toEqual({ repaired: [] })
  })

  test.each([
    ['2.5.9', 'NETCONF_PROGRAM_TOO_OLD'],
    ['1.9', 'NETCONF_PROGRAM_TOO_OLD'],
    ['2.6_rc2', undefined],
    ['2.10.0', undefined],
    ['3.0', undefined],
    ['unknown', undefined],
  ])('OpenVPN %s, before a server is made: %s', async (version, code) => {
    const { apply } = stage({ version })
    const said = await apply({ action: 'repair', engine: 'openvpn' }).catch((error: { code: string }) => error.code)
    expect(said).toEqual(code ?? { repaired: [] })
  })

  test.each(['wireguard', 'openvpn'] as const)(
    'a machine that may make no device for %s says so before a server is made, and keeps nothing of the attempt',
    async (engine) => {
      const { apply, said, journal } = stage()
      await apply({ action: 'repair', engine })
      const made = said.findIndex((line) => line.startsWith('ip link add') || line.startsWith('ip tuntap add'))
      expect(said[made + 1]).toMatch(/^ip link del dev ench[0-9a-f]{8}$/)
      expect(await journal.list()).toEqual([])

      const refused = stage({ fails: engine === 'openvpn' ? 'ip tuntap add' : 'ip link add', missing: 'wireguard-go' })
      await expect(refused.apply({ action: 'repair', engine })).rejects.toMatchObject({
        code: expect.stringMatching(/^NETCONF_/),
      })
      expect(await refused.journal.list()).toEqual([])
    },
  )

  test('the next run undoes what a process left that is gone, and leaves the living alone', async () => {
    const { apply, said, journal } = stage()
    const made = { engine: 'wireguard' as const, routes: ['10.0.0.0/16'], dns: false, owner: process.pid }
    await journal.write({ ...made, device: 'ench00000001', ownerStart: '1' })
    await apply(document)
    expect(said[0]).toBe('ip link del dev ench00000001')
    const { repaired } = await apply({ action: 'repair' })
    expect(repaired).toEqual([])
    expect((await journal.list()).map(({ device }) => device)).toEqual(['ench01234567'])
  })
})
