import { describe, expect, test, vi } from 'vitest'
import { ProgramMissing } from '../kernel/run.ts'
import { planDns, undoDns } from './dns-plan.ts'
import type { Step, System } from './plan.ts'
import { setDns } from './set-dns.ts'

const device = 'ench01234567'
const dns = { resolver: '10.0.0.2', zones: ['corp.example', 'compute.internal', '0.10.in-addr.arpa'] }
const lines = (steps: readonly Step[]) => steps.map(({ tries }) => tries.map((argv) => argv.join(' ')).join(' || '))

test.each(['linux', 'darwin', 'win32'] as const)('the steps on %s are the ones that were reviewed', async (system) => {
  const { heeded, look, set } = planDns(system, device)
  const { before, files, after } = set(dns)
  const text = [
    ...['# heeded when', ...lines(heeded ? [heeded] : [])],
    ...['# zones that lead somewhere already', look.join(' ')],
    ...['# while the peer is waited for', ...lines(before)],
    ...[
      '# once it has answered',
      ...files.map(({ path, text: held }) => `${path}\n${held.trimEnd()}`),
      ...lines(after),
    ],
    ...['# undone by', ...lines(undoDns(system, device))],
  ]
  await expect(`${text.join('\n')}\n`).toMatchFileSnapshot(`./golden/dns-${system}.txt`)
})

describe('zones that lead somewhere already', () => {
  test.each<[System, string, string[]]>([
    [
      'linux',
      `Global: internal\nLink 2 (wlan0): corp.example\n        ~lan\nLink 7 (${device}): ~compute.internal\n`,
      ['internal by systemd-resolved', 'corp.example by wlan0', 'lan by wlan0'],
    ],
    ['darwin', 'corp.example\nlan\n', ['corp.example by /etc/resolver', 'lan by /etc/resolver']],
    [
      'win32',
      '.corp.example\r\n.lan\r\n',
      ['corp.example by a name resolution policy', 'lan by a name resolution policy'],
    ],
  ])('are read on %s', (system, printed, taken) => {
    expect(
      planDns(system, device)
        .taken(printed)
        .map(({ zone, by }) => `${zone} by ${by}`),
    ).toEqual(taken)
  })
})

/** systemd-resolved's command line on a machine where `fails` fails, and that says so of its links. */
function stage({ fails = '', links = '', missing = false } = {}) {
  const said: string[] = []
  const run = async (argv: readonly string[]) => {
    const line = argv.join(' ')
    if (argv[0] === 'resolvectl') {
      if (missing) throw new ProgramMissing('resolvectl', {})
      said.push(line)
    }
    if (fails && line.startsWith(fails)) return { code: 1, stdout: '', stderr: 'no such luck' }
    return { code: 0, stdout: line === 'resolvectl domain' ? links : '', stderr: '' }
  }
  const attempt = async ({ tries }: Step) => {
    for (const argv of tries) if ((await run(argv)).code === 0) return
    throw new Error('no such luck')
  }
  return { said, run, attempt, set: () => setDns({ system: 'linux', run, attempt }, device, dns).finish() }
}

test('the server of the link comes last: before the peer answers it is asked nothing', async () => {
  const { said, set } = stage()
  expect(await set()).toEqual({ zones: dns.zones, warnings: [] })
  expect(said[1]).toBe(`resolvectl default-route ${device} no`)
  expect(said.at(-1)).toBe(`resolvectl dns ${device} 10.0.0.2`)
})

test('until then everything else is done', async () => {
  const { said, run, attempt } = stage()
  const { begin, finish } = setDns({ system: 'linux', run, attempt }, device, dns)
  begin()
  await vi.waitFor(() => expect(said.at(-1)).toContain(`resolvectl domain ${device} ~corp.example`))
  expect(said.some((line) => line.startsWith('resolvectl dns '))).toBe(false)
  expect((await finish()).zones).toEqual(dns.zones)
})

test('a zone that another link has stays there, and is told', async () => {
  const { said, set } = stage({ links: 'Global:\nLink 2 (wlan0): ~corp.example\n' })
  const { zones, warnings } = await set()
  expect(zones).toEqual(['compute.internal', '0.10.in-addr.arpa'])
  expect(warnings).toMatchObject([
    {
      code: 'NETCONF_ZONE_TAKEN',
      message: 'names in corp.example are asked elsewhere on this machine already, by wlan0',
    },
  ])
  expect(said).toContain(`resolvectl domain ${device} ~compute.internal ~0.10.in-addr.arpa`)
})

test('where all of them are taken nothing is set', async () => {
  const { said, set } = stage({ links: `Link 2 (wlan0): ${dns.zones.join(' ')}\n` })
  expect((await set()).zones).toEqual([])
  expect(said).toEqual(['resolvectl domain'])
})

test('where programs do not ask systemd-resolved nothing is set, and the hint says what to do', async () => {
  const { said, set } = stage({ fails: 'grep' })
  const { zones, warnings } = await set()
  expect(zones).toEqual([])
  expect(said).toEqual([])
  expect(warnings).toMatchObject([
    { code: 'NETCONF_DNS_UNHEEDED', hint: expect.stringContaining('dig @10.0.0.2 NAME') },
  ])
})

test('what fails half way is taken back, and told', async () => {
  const { said, set } = stage({ fails: 'resolvectl dns' })
  expect(await set()).toMatchObject({ zones: [], warnings: [{ code: 'NETCONF_DNS_FAILED' }] })
  expect(said.at(-1)).toBe(`resolvectl revert ${device}`)
  expect(await stage({ missing: true }).set()).toMatchObject({
    warnings: [{ message: 'names of the VPC stay unknown here: resolvectl cannot be run' }],
  })
})
