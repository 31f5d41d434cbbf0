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
  # Networks that a peering connects, each way, when the route tables of both sides say so.
  set peered {
    type ipv4_addr . ipv4_addr
    flags interval
  }
  chain from-world {
    type filter hook output priority 0;
    oifname "uplink" counter name world reject
    oifname "lo" udp dport 53 counter name lookups reject
    oifname "lo" tcp dport 53 counter name lookups reject
  }
  chain from-hosts {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    # A public address that no instance has yet, or any more: the internet swallows it. The range is the emulator's.
    iifname "laptop*" ip daddr 54.214.0.0/16 ct status ! dnat drop
    oifname "uplink" counter name hosts reject
    iifname "laptop*" ct status dnat accept
    iifname "cable*" oifname "cable*" ip saddr . ip daddr @peered accept
  }
}
# The internet's side of an instance: its public address is translated to its private one on the way in, as a VPC does it.
table ip internet {
  map public {
    type ipv4_addr : ipv4_addr
  }
  chain arriving {
    type nat hook prerouting priority dstnat;
    dnat to ip daddr map @public
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
}

export async function readLeaks(): Promise<Leaks> {
  const listed: { nftables: { counter?: { name: string; packets: number } }[] } = JSON.parse(
    await run('nft', ['-j', 'list', 'counters', 'table', 'inet', 'seal']),
  )
  const packets = (name: string) => listed.nftables.find((entry) => entry.counter?.name === name)?.counter?.packets ?? 0
  return { world: packets('world'), hosts: packets('hosts'), lookups: packets('lookups') }
}
