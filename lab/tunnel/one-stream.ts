import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Laptop } from './laptop.ts'

/** Enough for half a second. */
const MEGABYTES = 16
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
