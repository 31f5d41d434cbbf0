import type { SplitDns } from '../tunnel/zones.ts'
import type { Step, System } from './plan.ts'

/** How the names of some zones are asked of another resolver, on a machine that goes on asking its own for all others. */
export type DnsPlan = {
  /** Succeeds where programs here ask whom the steps tell. */
  heeded?: Step
  /** Prints the zones that lead somewhere already. */
  look: readonly string[]
  taken(printed: string): Taken[]
  /** For the zones that are free. Until the peer has answered no name may be asked there: `before` is what may be done by then. */
  set(dns: SplitDns): {
    before: readonly Step[]
    files: readonly { path: string; text: string }[]
    after: readonly Step[]
  }
}
export type Taken = { zone: string; by: string }

/** `replaces`: a device that has the same zones and goes when this one has them. */
export function planDns(system: System, device: string, replaces?: string): DnsPlan {
  switch (system) {
    case 'linux':
      return {
        // resolv.conf names its stub, or libc asks it by its own module: systemd-resolved(8), "/etc/resolv.conf"; nss-resolve(8).
        heeded: {
          tries: [
            ['grep', '-Eqs', '^nameserver[[:space:]]+127\\.0\\.0\\.5[34]$', '/etc/resolv.conf'],
            ['grep', '-Eqs', '^hosts:.*[[:space:]]resolve([[:space:]]|$)', '/etc/nsswitch.conf'],
          ],
        },
        look: ['resolvectl', 'domain'],
        taken: (printed) => takenByLinks(printed, [device, replaces]),
        set: ({ resolver, zones }) => ({
          before: [
            ['default-route', device, 'no'],
            // No chain of trust leads into a private zone, and the VPC's resolver takes no TLS: whatever holds for other links.
            ['dnssec', device, 'no'],
            ['dnsovertls', device, 'no'],
            ['domain', device, ...zones.map((zone) => `~${zone}`)],
          ].map((words) => ({ tries: [['resolvectl', ...words]] })),
          files: [],
          // A link without a server is asked nothing.
          after: [{ tries: [['resolvectl', 'dns', device, resolver]] }],
        }),
      }
    case 'darwin':
      return {
        look: ['ls', RESOLVERS],
        taken: (printed) => listed(printed, RESOLVERS),
        // resolver(5): a file a zone, by its name.
        set: ({ resolver, zones }) => ({
          before: [],
          files: zones.map((zone) => ({
            path: `${RESOLVERS}/${zone}`,
            text: `${markOf(device)}\nnameserver ${resolver}\n`,
          })),
          after: darwinCachesEmpty,
        }),
      }
    case 'win32':
      return {
        look: powershell('(Get-DnsClientNrptRule).Namespace'),
        taken: (printed) => listed(printed.replaceAll(/^\./gm, ''), 'a name resolution policy'),
        // With the dot a rule holds the zone and all below it.
        set: ({ resolver, zones }) => ({
          before: [],
          files: [],
          after: [
            {
              tries: [
                powershell(
                  `Add-DnsClientNrptRule -Namespace ${zones.map((zone) => `'.${zone}'`).join(',')} -NameServers '${resolver}' -Comment '${markOf(device)}'`,
                ),
              ],
            },
            { tries: [powershell('Clear-DnsClientCache')] },
          ],
        }),
      }
  }
}

/** What is ours says so itself: that alone is taken away, whatever else was made meanwhile. */
export function undoDns(system: System, device: string): Step[] {
  switch (system) {
    case 'linux':
      return [{ tries: [['resolvectl', 'revert', device]] }]
    case 'darwin':
      return [
        {
          tries: [
            [...['find', RESOLVERS, '-type', 'f', '-exec', 'grep', '-qxF', markOf(device), '{}', ';', '-delete']],
          ],
        },
        // Fails while another's files are there.
        { tries: [['rmdir', RESOLVERS]] },
        ...darwinCachesEmpty,
      ]
    case 'win32':
      return [
        {
          tries: [
            powershell(
              `Get-DnsClientNrptRule | Where-Object Comment -eq '${markOf(device)}' | Remove-DnsClientNrptRule -Force`,
            ),
          ],
        },
        { tries: [powershell('Clear-DnsClientCache')] },
      ]
  }
}

const RESOLVERS = '/etc/resolver'

const markOf = (device: string): string => `# enchilada ${device}`

/** A name that was asked for before the tunnel was up is remembered as one that does not exist. */
const darwinCachesEmpty: readonly Step[] = [
  { tries: [['dscacheutil', '-flushcache']] },
  { tries: [['killall', '-HUP', 'mDNSResponder']] },
]

/** Zones and addresses of the document have neither quotes nor blanks. */
const powershell = (command: string): string[] => [
  ...['powershell.exe', '-NoProfile', '-NonInteractive', '-Command', command],
]

/** `Link 3 (wlan0): corp.example ~internal`, and lines that go on with blanks where it is wider than a terminal. */
const takenByLinks = (printed: string, own: readonly (string | undefined)[]): Taken[] =>
  printed.split(/^(?=Global:|Link )/m).flatMap((entry) => {
    const [, by = 'systemd-resolved', zones = ''] = /^(?:Global|Link \d+ \((.+)\)):(.*)$/s.exec(entry) ?? []
    return own.includes(by) ? [] : listed(zones.replaceAll('~', ''), by)
  })

const listed = (zones: string, by: string): Taken[] =>
  zones
    .split(/\s+/)
    .filter(Boolean)
    .map((zone) => ({ zone, by }))
