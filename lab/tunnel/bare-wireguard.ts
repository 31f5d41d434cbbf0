import { rmSync, writeFileSync } from 'node:fs'
import { run } from '../world/commands.ts'
import { type BareEnds, type BareEngine, type BareTunnel, boot, masquerade } from './bare-engine.ts'
import type { Laptop } from './laptop.ts'
import { until } from './probes.ts'

const genkey = async () => (await run('wg', ['genkey'])).trim()
const pubkey = async (key: string) => (await run('wg', ['pubkey'], { input: key })).trim()
const within = (namespace: string, ...argv: string[]) => run('ip', ['netns', 'exec', namespace, ...argv])

/** `wg set` reads a key from a file. */
async function setKey(namespace: string, device: string, key: string, ...more: string[]): Promise<void> {
  const file = `/run/lab/tmp/${namespace}-${device}.key`
  writeFileSync(file, key, { mode: 0o600 })
  await within(namespace, 'wg', 'set', device, ...more, 'private-key', file)
  rmSync(file)
}

async function make(namespace: string, device: string, address: string): Promise<void> {
  // The kernel's own where there is one, as the tunnel's two ends take it.
  await within(namespace, 'ip', 'link', 'add', 'dev', device, 'type', 'wireguard').catch(() =>
    within(namespace, 'wireguard-go', device),
  )
  await within(namespace, 'ip', 'addr', 'add', address, 'dev', device)
  await within(namespace, 'ip', 'link', 'set', device, 'mtu', '1420', 'up')
}

/** A device of its own at both ends; the server masquerades for it as for the tunnel. */
async function connect({ laptop, server, publicAddress, target }: BareEnds): Promise<BareTunnel> {
  // The engine's sockets are files that namespaces share: each end has a name of its own.
  const [device, there] = ['bare0', 'bare1']
  const port = '51999'
  const [near, far] = [await genkey(), await genkey()]
  await make(server, there, '192.0.2.1/30')
  await setKey(server, there, far, 'listen-port', port)
  await within(server, 'wg', 'set', there, 'peer', await pubkey(near), 'allowed-ips', '192.0.2.2/32')
  await masquerade(server, '192.0.2.2')
  await make(laptop.name, device, '192.0.2.2/30')
  await setKey(laptop.name, device, near)
  const peer = ['peer', await pubkey(far), 'endpoint', `${publicAddress}:${port}`]
  await within(laptop.name, 'wg', 'set', device, ...peer, 'allowed-ips', `192.0.2.1/32,${target}/32`)
  const remove = async () => {
    await laptop.run('ip', 'link', 'del', device)
    await within(server, 'ip', 'link', 'del', there)
  }
  return { device, remove }
}

/** How long after the server a client of WireGuard's own defaults is connected that was there before it. */
async function stockLag(laptop: Laptop, n: number): Promise<number> {
  const [client, server, port] = [`stockc${n}`, `stocks${n}`, String(52_000 + n)]
  const [near, far] = [await genkey(), await genkey()]
  await make(laptop.name, client, `192.0.2.${64 + n * 4 + 2}/30`)
  await setKey(laptop.name, client, near)
  const peer = ['peer', await pubkey(far), 'endpoint', `127.0.0.1:${port}`, 'persistent-keepalive', '25']
  await laptop.run('wg', 'set', client, ...peer, 'allowed-ips', `192.0.2.${64 + n * 4 + 1}/32`)
  await boot(n)
  await make(laptop.name, server, `192.0.2.${64 + n * 4 + 1}/30`)
  await laptop.run('wg', 'set', server, 'peer', await pubkey(near), 'allowed-ips', `192.0.2.${64 + n * 4 + 2}/32`)
  await setKey(laptop.name, server, far, 'listen-port', port)
  const ready = Date.now()
  const hasShaken = async () => /\t[1-9]/.test(await laptop.run('wg', 'show', client, 'latest-handshakes'))
  await until('handshake of the stock client', hasShaken, 30_000, 20)
  const lag = Date.now() - ready
  for (const device of [client, server]) await laptop.run('ip', 'link', 'del', device)
  return lag
}

export const bareWireguard: BareEngine = { connect, stockLag }
