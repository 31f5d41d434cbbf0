import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { run } from '../world/commands.ts'
import { CUSTOMER } from '../world/customer.ts'
import { maskedFolders } from '../world/folders.ts'
import { type NameServer, startNameServer } from './name-server.ts'
import { offerPort } from './offer-port.ts'
import { type Resolved, startResolved } from './resolved.ts'

/**
 * An engineer's laptop: a namespace of its own with a home network, the internet, and AWS's services on its loopback. What it
 * reaches of VPCs it reaches through a server's public address alone.
 */
export type Laptop = {
  name: string
  home: string
  /** How `ip` starts a program there, as its engineer would. */
  within(argv: readonly string[]): string[]
  /** The installed product's command line, as it is started there. */
  command(args: readonly string[]): string[]
  cli(args: readonly string[]): Promise<string>
  start(args: readonly string[]): ChildProcess
  /** A stock tool. */
  run(...argv: string[]): Promise<string>
  resolved: Resolved
  /** Of the home network: it knows www.example.org, and that nothing in corp.example is there. */
  nameServer: NameServer
  /** Everything that the network consists of, as stock tools print it. */
  picture(): Promise<string>
  /** Without, no packet leaves or comes, and AWS is out of reach as well. */
  setOnline(online: boolean): Promise<void>
  stop(): void
}

/** What the home network's name server says of a name that the whole world may ask for. */
export const PUBLIC = { name: 'www.example.org', address: '192.0.2.80' } as const

const script = fileURLToPath(new URL('./as-engineer.sh', import.meta.url))

export async function makeLaptop(n: number, awsPort: number, env: Record<string, string>): Promise<Laptop> {
  const name = `laptop${n}`
  const home = `/run/lab/${name}`
  mkdirSync(home, { recursive: true })
  await run('ip', ['netns', 'add', name])
  await run('ip', ['link', 'add', name, 'type', 'veth', 'peer', 'name', 'wlan0', 'netns', name])
  await run('ip', ['-batch', '-'], { input: `addr add 192.168.${n}.1/24 dev ${name}\nlink set ${name} up\n` })
  // A link-local address is there at once: the picture of the network does not change by itself.
  await run('ip', ['netns', 'exec', name, 'sysctl', '-qw', 'net.ipv6.conf.wlan0.accept_dad=0'])
  await run('ip', ['-n', name, '-batch', '-'], {
    input: `link set lo up\naddr add 192.168.${n}.2/24 dev wlan0\nlink set wlan0 up\nroute add default via 192.168.${n}.1\n`,
  })
  const aws = await offerPort(name, awsPort)
  const router = `192.168.${n}.1`
  const zones = ['example', 'example.org', 'internal', 'in-addr.arpa']
  const nameServer = await startNameServer(undefined, router, { zones, hosts: { [PUBLIC.name]: PUBLIC.address } })
  const resolved = await startResolved(name, home, { device: 'wlan0', nameServer: router })
  const variables = { PATH: `${resolved.bin}:${CUSTOMER}/bin:/usr/sbin:/usr/bin:/sbin:/bin`, HOME: home, ...env }
  const inside = ['netns', 'exec', name, ...resolved.within]
  const within = (argv: readonly string[]) => [
    ...inside,
    ...['unshare', '--mount', '--propagation', 'private', 'bash', script, ...maskedFolders(), '/run/lab/disks', '--'],
    ...Object.entries(variables).map((pair) => pair.join('=')),
    ...argv,
  ]
  const command = (args: readonly string[]) =>
    within([`${CUSTOMER}/bin/node`, `${CUSTOMER}/app/package/dist/cli.js`, ...args])
  const tool = (...argv: string[]) => run('ip', [...inside, ...argv], { timeoutMs: 20_000 })
  return {
    name,
    home,
    within,
    command,
    cli: (args) => run('ip', command(args), { timeoutMs: 60_000, name: `enchilada ${args.join(' ')}` }),
    start: (args) => spawn('ip', command(args), { stdio: ['ignore', 'pipe', 'pipe'] }),
    run: tool,
    async picture() {
      const looks = [
        ['ip', '-j', 'addr'],
        ['ip', '-j', 'route', 'show', 'table', 'all'],
        ['ip', '-j', 'rule'],
        ['nft', 'list', 'ruleset'],
        [`${resolved.bin}/resolvectl`, 'dns'],
        [`${resolved.bin}/resolvectl`, 'domain'],
        ['cat', '/etc/resolv.conf'],
      ]
      return (await Promise.all(looks.map((look) => tool(...look)))).join('\n')
    },
    async setOnline(online) {
      if (online) await tool('nft', 'delete', 'table', 'inet', 'offline')
      else await run('ip', [...inside, 'nft', '-f', '-'], { input: offline(awsPort) })
    },
    resolved,
    nameServer,
    stop() {
      aws.close()
      resolved.stop()
      nameServer.stop()
    },
  }
}

const offline = (awsPort: number): string => `table inet offline {
  chain in { type filter hook input priority 0; iifname "wlan0" drop; tcp dport ${awsPort} reject with tcp reset; }
  chain out { type filter hook output priority 0; oifname "wlan0" drop; }
}
`
