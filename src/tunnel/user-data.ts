import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { SERVER_DEVICE, type TunnelAddresses } from './addresses.ts'
import type { ServerEngine } from './engines/engine.ts'
import type { TunnelLimits } from './environment.ts'
import { tunnelErrors } from './errors.ts'
import { readTarget } from './target.ts'

/** What a server is told at birth. It holds the server's own private key, and nothing that could pass for the client. */
export type ServerPlan = {
  lease: string
  environment: string
  owner: string
  region: string
  logGroup: string
  limits: TunnelLimits
  addresses: TunnelAddresses
  /** All that it forwards to: networks, hosts, single ports of hosts. */
  leased: readonly string[]
  /** Hosts that no leased network leads to: their single ports alone do. */
  portsOnly: readonly string[]
  engine: ServerEngine
}

/** UDP on the server's tunnel address: `alive` and `down` from the one peer. */
export const GUARD_PORT = 51821

/** EC2 takes 16 KB before base64; half of it is ours to keep. */
const LIMIT = 8 * 1024

/**
 * A script that needs no package on Amazon Linux 2023, but for what an engine takes: devices and masquerading by systemd-networkd, the fence by routing rules of iproute2,
 * the guard by the Python that cloud-init runs on. The kernel's `local` rule stands behind ours, so that what comes out of the tunnel meets the
 * fence before it can meet the server itself or its metadata service.
 */
export function renderUserData(plan: ServerPlan): string {
  const { addresses, limits, leased, portsOnly, engine } = plan
  const seconds = (ms: number) => Math.round(ms / 1000)
  const guard = {
    ...{ lease: plan.lease, environment: plan.environment, owner: plan.owner },
    ...{ region: plan.region, logGroup: plan.logGroup, devices: engine.devices },
    ...{ serverAddress: addresses.server, clientAddress: addresses.client, port: GUARD_PORT },
    ...{ ttl: seconds(limits.ttl), longest: seconds(limits.longest), firstHandshake: seconds(limits.firstHandshake) },
    ...{ grace: seconds(limits.grace), idle: seconds(limits.idle) },
  }
  return `#!/bin/bash
# Single-use VPN server ${plan.lease}, made by enchilada. It ends by itself.
umask 077
# The last of the dead-men: needs nothing below to have worked.
setsid bash -c 'sleep ${guard.longest}; poweroff' </dev/null >/dev/null 2>&1 &
${engine.prepare.reveal()}
cat >/etc/systemd/network/60-enchilada.network <<'END'
[Match]
Name=${SERVER_DEVICE}
[Network]
Address=${addresses.server}/30
IPMasquerade=ipv4
LinkLocalAddressing=no
ConfigureWithoutCarrier=yes
END
chown root:systemd-network /etc/systemd/network/6*-enchilada*
chmod 640 /etc/systemd/network/6*-enchilada*
read -r _ _ gateway _ card _ < <(ip -4 route show default)
own=$(ip -4 -o addr show dev "$card" | awk '{ print $4; exit }')
# Protocol kernel: networkd takes away rules and routes that it did not make, but for those.
fence() { ip rule add protocol kernel pref "$@"; }
for device in ${Object.keys(engine.devices).join(' ')}; do
  fence 10 iif $device to ${addresses.server} ipproto udp dport ${GUARD_PORT} lookup local
${doorsOf(leased)}  fence 11 iif $device lookup 4510
  fence 12 iif $device unreachable
  # Of IPv6 nothing is leased, and the metadata service has an address there too.
  ip -6 rule add protocol kernel pref 12 iif $device unreachable
done
fence 20 lookup local
ip rule del pref 0
ip -6 rule add protocol kernel pref 20 lookup local
ip -6 rule del pref 0
lead() { ip route add "$1" via "$gateway" dev "$card" proto kernel table "$2"; }
${leads(leased)}for closed in "\${own%/*}" 169.254.0.0/16; do
  for table in 4510 4511; do ip route add unreachable "$closed" proto kernel table $table; done
done
${portsOnly.map((host) => `ip route replace throw ${host} proto kernel table 4510\n`).join('')}# Beneath the device's own route: what is for a client that is gone goes nowhere.
ip route add unreachable ${addresses.network} metric 9999 proto kernel
sysctl -qw net.ipv4.ip_forward=1
networkctl reload
for _ in {1..200}; do
  ip -4 addr show dev ${SERVER_DEVICE} 2>/dev/null | grep -q inet && break
  sleep 0.05
done
${engine.start}mkdir -p /usr/local/lib/enchilada
cat >/usr/local/lib/enchilada/guard.py <<'END'
${guardSource()}END
setsid bash -c 'python3 /usr/local/lib/enchilada/guard.py "$1"; poweroff' guard ${quoted(JSON.stringify(guard))} </dev/null >>/var/log/enchilada-guard.log 2>&1 &
`
}

const targetsOf = (leased: readonly string[]) => leased.flatMap((one) => readTarget(one) ?? [])

/** Table 4510 leads to whole networks; table 4511 to hosts, for the rules of their single ports alone. */
const leads = (leased: readonly string[]): string => {
  const lines = targetsOf(leased).map(({ cidr, port }) => `lead ${cidr} ${port === undefined ? 4510 : 4511}\n`)
  return [...new Set(lines)].join('')
}

const doorsOf = (leased: readonly string[]): string =>
  targetsOf(leased)
    .filter(({ port }) => port !== undefined)
    .flatMap(({ cidr, port }) => ['tcp', 'udp'].map((protocol) => `to ${cidr} ipproto ${protocol} dport ${port}`))
    .map((only) => `  fence 11 iif $device ${only} lookup 4511\n`)
    .join('')

/** As it is sent: cloud-init unpacks what is gzip (cloud-init documentation, "User data formats"). */
export function packUserData(script: string, { leased }: Pick<ServerPlan, 'leased'>): Buffer {
  const packed = gzipSync(script, { level: 9 })
  const bytes = packed.length
  if (bytes > LIMIT) throw tunnelErrors.TUNNEL_TOO_MANY_NETWORKS({ networks: leased.length, bytes, limit: LIMIT })
  return packed
}

/** One word of bash, whatever is in it. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

const guardSource = (): string => readFileSync(new URL('./guest/guard.py', import.meta.url), 'utf8')
