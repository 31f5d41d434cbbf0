import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { limitMemory } from '../../src/cli/memory-limits.ts'
import { openShell } from '../../src/gateway/terminal/open-shell.ts'
import { reachPort } from '../../src/gateway/terminal/reach-port.ts'
import { startTerminalSession } from '../../src/gateway/terminal/terminal-session.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { newId } from '../../src/kernel/ids.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { openSigningKey } from '../../src/kernel/signing-key.ts'
import { createSocketChannel } from '../../src/portal/terminal/socket-channel.ts'
import type { SessionFacts } from '../../src/recording/format.ts'
import type { Recorder } from '../../src/recording/recorder.ts'
import { directoryFiles } from '../../src/recording/recording-files.ts'
import { openRecordings } from '../../src/recording/recordings.ts'

/** The gateway's own parts between SSH and a WebSocket, with its recorder or with one that keeps nothing. The product has no such switch. */
const { recorded, folder, port, userName, password, hostKey, cols, rows } = JSON.parse(process.argv[2] ?? '{}')
const HOUR_MS = 3_600_000

// As `serve` does: what garbage costs depends on it.
limitMemory()

const signer = await openSigningKey(`${folder}/signing.pem`)
const recordings = openRecordings({ files: directoryFiles(folder), spool: folder, signer, clock: systemClock })
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
server.on('listening', () => console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })))
server.on('connection', async (socket) => {
  const startedAt = Date.now()
  const facts: SessionFacts = {
    id: newId(),
    connectionId: 'bench',
    connectionName: 'bench',
    scope: 'default/aws/100000000001/eu-west-1',
    instanceId: 'i-00000000000000001',
    protocol: 'ssh',
    personId: 'bench',
    personName: 'bench',
    startedAt,
    cols,
    rows,
  }
  const where = { instanceId: facts.instanceId, host: '127.0.0.1', port, timeoutMs: 10_000 }
  const [algorithm, key] = hostKey.split(' ')
  const shell = await openShell(
    await reachPort(where, { until: 0, clock: systemClock, onWait: () => {} }),
    where,
    { userName, auth: { password: new Secret(password) }, prepare: async () => undefined },
    { pinned: [{ algorithm, key }], acceptFirst: () => false },
    { cols, rows },
  )
  const recorder = recorded ? await recordings.open(facts) : keepsNothing(facts)
  const session = startTerminalSession({
    id: facts.id,
    connectionName: 'bench',
    startedAt,
    size: { cols, rows },
    shell,
    recorder,
    limits: { idle: HOUR_MS, absolute: HOUR_MS, grace: 1_000 },
    clock: systemClock,
    onEnd: async (reason) => void (await recorder.seal(reason)),
  })
  const attachment = await session.attach(createSocketChannel(socket), { cols, rows }, false)
  socket.on('message', (bytes: Buffer) => attachment.input(bytes))
  socket.on('close', () => attachment.finish())
})

function keepsNothing(facts: SessionFacts): Recorder {
  return {
    facts,
    output: () => undefined,
    resize: () => undefined,
    marker: () => undefined,
    pending: () => 0,
    failed: new Promise(() => undefined),
    subscribe: () => () => undefined,
    watch: async () => () => undefined,
    written: async () => undefined,
    flush: async () => undefined,
    seal: async () => ({ id: facts.id, head: '', manifest: '', slices: 0, bytes: 0, durationMs: 0 }),
  }
}
