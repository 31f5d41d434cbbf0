import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { listenInNamespace } from '../hosts/listen-in-namespace.ts'
import { run } from '../world/commands.ts'
import { CUSTOMER } from '../world/customer.ts'
import { maskedFolders } from '../world/folders.ts'
import { relayFrom } from '../world/relay.ts'

/**
 * An engineer's laptop: a namespace of its own with a home network, the internet, and AWS's services on its loopback. What it
 * reaches of VPCs it reaches through a server's public address alone.
 */
export type Laptop = {
  name: string
  home: string
  /** The installed product's command line, as it is started there. */
  command(args: readonly string[]): string[]
  cli(args: readonly string[]): Promise<string>
  start(args: readonly string[]): ChildProcess
  /** A stock tool. */
  run(...argv: string[]): Promise<string>
  /** Everything that the network consists of, as stock tools print it. */
  picture(): Promise<string>
  /** Without, no packet leaves or comes, and AWS is out of reach as well. */
  setOnline(online: boolean): Promise<void>
  stop(): void
}

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
  const aws = await listenInNamespace(name, '127.0.0.1', awsPort)
  relayFrom(aws, () => ({ host: '127.0.0.1', port: awsPort }))
  const variables = { PATH: `${CUSTOMER}/bin:/usr/sbin:/usr/bin:/sbin:/bin`, HOME: home, ...env }
  const inside = ['netns', 'exec', name]
  const command = (args: readonly string[]) => [
    ...inside,
    ...['unshare', '--mount', '--propagation', 'private', 'bash', script, ...maskedFolders(), '/run/lab/disks', '--'],
    ...Object.entries(variables).map((pair) => pair.join('=')),
    ...[`${CUSTOMER}/bin/node`, `${CUSTOMER}/app/package/dist/cli.js`, ...args],
  ]
  const tool = (...argv: string[]) => run('ip', [...inside, ...argv], { timeoutMs: 20_000 })
  return {
    name,
    home,
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
      ]
      const seen = await Promise.all(looks.map((look) => tool(...look)))
      return [...seen, readFileSync('/etc/resolv.conf', 'utf8')].join('\n')
    },
    async setOnline(online) {
      if (online) await tool('nft', 'delete', 'table', 'inet', 'offline')
      else await run('ip', [...inside, 'nft', '-f', '-'], { input: offline(awsPort) })
    },
    stop: () => aws.close(),
  }
}

const offline = (awsPort: number): string => `table inet offline {
  chain in { type filter hook input priority 0; iifname "wlan0" drop; tcp dport ${awsPort} reject with tcp reset; }
  chain out { type filter hook output priority 0; oifname "wlan0" drop; }
}
`
