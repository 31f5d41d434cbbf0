import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { run } from '../world/commands.ts'
import type { Laptop } from './laptop.ts'

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
  await within(namespace, 'wireguard-go', device)
  await within(namespace, 'ip', 'addr', 'add', address, 'dev', device)
  await within(namespace, 'ip', 'link', 'set', device, 'mtu', '1420', 'up')
}

/** WireGuard and nothing else, from the laptop to the same server, which masquerades for it as for the tunnel. */
export async function bareEngine(laptop: Laptop, server: string, publicAddress: string, target: string) {
  // The engine's sockets are files that namespaces share: each end has a name of its own.
  const [device, there] = ['bare0', 'bare1']
  const port = '51999'
  const [near, far] = [await genkey(), await genkey()]
  await make(server, there, '192.0.2.1/30')
  await setKey(server, there, far, 'listen-port', port)
  await within(server, 'wg', 'set', there, 'peer', await pubkey(near), 'allowed-ips', '192.0.2.2/32')
  await run('ip', ['netns', 'exec', server, 'nft', '-f', '-'], {
    input:
      'table ip bare { chain out { type nat hook postrouting priority srcnat; ip saddr 192.0.2.2 masquerade; }; }\n',
  })
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

const MEGABYTES = 24
const sink = `import socket
door = socket.create_server(("", 5001))
print("ready", flush=True)
peer, _ = door.accept()
while peer.recv(1 << 20): pass
peer.sendall(b".")`
const source = (address: string) => `import socket, time
peer = socket.create_connection(("${address}", 5001), 5)
begun, block = time.monotonic(), bytes(1 << 20)
for _ in range(${MEGABYTES}): peer.sendall(block)
peer.shutdown(socket.SHUT_WR)
peer.recv(1)
print((${MEGABYTES} << 20) / (time.monotonic() - begun))`

/** One TCP stream from the laptop to a host, until the host has read it to its end. */
export async function bytesASecond(laptop: Laptop, namespace: string, address: string): Promise<number> {
  const child = spawn('ip', ['netns', 'exec', namespace, 'python3', '-c', sink], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = once(child, 'close')
  await once(child.stdout, 'data')
  const rate = Number(await laptop.run('python3', '-c', source(address)))
  await ended
  return rate
}

/** How long after the server a client of WireGuard's own defaults is connected that was there before it. */
export async function stockLags(laptop: Laptop, count: number): Promise<number[]> {
  return Promise.all(Array.from({ length: count }, (_, n) => stockLag(laptop, n)))
}

async function stockLag(laptop: Laptop, n: number): Promise<number> {
  const [client, server, port] = [`stockc${n}`, `stocks${n}`, String(52_000 + n)]
  const [near, far] = [await genkey(), await genkey()]
  await make(laptop.name, client, `192.0.2.${64 + n * 4 + 2}/30`)
  await setKey(laptop.name, client, near)
  const peer = ['peer', await pubkey(far), 'endpoint', `127.0.0.1:${port}`, 'persistent-keepalive', '25']
  await laptop.run('wg', 'set', client, ...peer, 'allowed-ips', `192.0.2.${64 + n * 4 + 1}/32`)
  // A boot takes no multiple of the engine's own 5 s.
  await new Promise((resolve) => setTimeout(resolve, 5_000 + (n * 5_000) / 7))
  await make(laptop.name, server, `192.0.2.${64 + n * 4 + 1}/30`)
  await laptop.run('wg', 'set', server, 'peer', await pubkey(near), 'allowed-ips', `192.0.2.${64 + n * 4 + 2}/32`)
  await setKey(laptop.name, server, far, 'listen-port', port)
  const ready = Date.now()
  while (!/\t[1-9]/.test(await laptop.run('wg', 'show', client, 'latest-handshakes'))) {
    if (Date.now() - ready > 30_000) throw new Error('the stock client did not connect')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const lag = Date.now() - ready
  for (const device of [client, server]) await laptop.run('ip', 'link', 'del', device)
  return lag
}
