import { run } from './commands.ts'

/** Packets that tried to leave since the counters were proven. */
export type Leaks = { world: number; hosts: number; lookups: number }

// Where a canary goes: an address for documentation (RFC 5737), behind the one way out.
const CANARY = '203.0.113.1'

/**
 * The only way out of a world: a cable to a namespace where nothing listens. Whatever takes it is counted and refused, so that
 * an attempt is seen and fails at once; name look-ups are counted on loopback.
 */
const rules = `
table inet seal {
  counter world { }
  counter hosts { }
  counter lookups { }
  # Whose they were: from where to where, and of which protocol to which port; those of hosts and laptops by the device that they came by.
  set own {
    typeof ip saddr . ip daddr . ip protocol . th dport
    size 64
    flags dynamic
  }
  set strays {
    typeof iifname . ip saddr . ip daddr . ip protocol . th dport
    size 64
    flags dynamic
  }
  # Networks that a peering connects, each way, when the route tables of both sides say so.
  set peered {
    type ipv4_addr . ipv4_addr
    flags interval
  }
  chain from-world {
    type filter hook output priority 0;
    oifname "uplink" counter name world add @own { ip saddr . ip daddr . ip protocol . th dport } reject
    oifname "lo" udp dport 53 counter name lookups reject
    oifname "lo" tcp dport 53 counter name lookups reject
  }
  chain from-hosts {
    type filter hook forward priority 0; policy drop;
    # A public address that no instance has yet, or any more: the internet swallows it. The range is the emulator's.
    iifname "laptop*" oifname "uplink" ip daddr 54.214.0.0/16 drop
    ct state established,related accept
    oifname "uplink" counter name hosts add @strays { iifname . ip saddr . ip daddr . ip protocol . th dport } reject
    iifname "laptop*" oifname "cable*" ip daddr 54.214.0.0/16 accept
    iifname "cable*" oifname "cable*" ip saddr . ip daddr @peered accept
  }
}
`

export async function openUplink(): Promise<void> {
  await run('ip', ['netns', 'add', 'outside'])
  await run('ip', ['link', 'add', 'uplink', 'type', 'veth', 'peer', 'name', 'world', 'netns', 'outside'])
  await run('ip', ['-batch', '-'], {
    input: 'addr add 192.0.2.1/30 dev uplink\nlink set uplink up\nroute add default via 192.0.2.2\n',
  })
  await run('ip', ['-n', 'outside', '-batch', '-'], { input: 'addr add 192.0.2.2/30 dev world\nlink set world up\n' })
  await run('sysctl', ['-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.uplink.disable_ipv6=1'])
  await run('nft', ['-f', '-'], { input: rules })
}

/** Lets two networks through to each other, as a peering with routes on both sides does. */
export async function connectNetworks(one: string, other: string): Promise<void> {
  await run('nft', ['add', 'element', 'inet', 'seal', 'peered', `{ ${one} . ${other}, ${other} . ${one} }`])
}

/** Sends one packet each way out, sees each counted, and sets the counters to nought. `namespace` is one of a VPC. */
export async function proveCounters(namespace: string): Promise<void> {
  const send = (port: number, address: string) => ['bash', '-c', `echo canary >/dev/udp/${address}/${port}`]
  await run('bash', send(9, CANARY).slice(1)).catch(() => '')
  await run('bash', send(53, '127.0.0.1').slice(1)).catch(() => '')
  await run('ip', ['netns', 'exec', namespace, ...send(9, CANARY)]).catch(() => '')
  const seen = await readLeaks()
  const blind = Object.entries(seen).filter(([, packets]) => packets === 0)
  if (blind.length > 0) throw new Error(`no counter saw the canary of ${blind.map(([name]) => name).join(', ')}`)
  await run('nft', ['reset', 'counters', 'table', 'inet', 'seal'])
  for (const set of ['own', 'strays']) await run('nft', ['flush', 'set', 'inet', 'seal', set])
}

export async function readLeaks(): Promise<Leaks> {
  const listed: { nftables: { counter?: { name: string; packets: number } }[] } = JSON.parse(
    await run('nft', ['-j', 'list', 'counters', 'table', 'inet', 'seal']),
  )
  const packets = (name: string) => listed.nftables.find((entry) => entry.counter?.name === name)?.counter?.packets ?? 0
  return { world: packets('world'), hosts: packets('hosts'), lookups: packets('lookups') }
}

/** Of the packets that tried to leave: `laptop1 192.168.1.2 10.1.0.5 tcp 22`, each once; the world's own without a device. */
export async function readStrays(): Promise<string[]> {
  const listed: { nftables: { set?: { name: string; elem?: { concat: (string | number)[] }[] } }[] } = JSON.parse(
    await run('nft', ['-j', 'list', 'sets', 'table', 'inet', 'seal']),
  )
  const of = (name: string) => listed.nftables.filter(({ set }) => set?.name === name)
  return [...of('own'), ...of('strays')].flatMap(({ set }) => (set?.elem ?? []).map(({ concat }) => concat.join(' ')))
}
