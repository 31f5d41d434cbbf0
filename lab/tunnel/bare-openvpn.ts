import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { run } from '../world/commands.ts'
import { type BareEnds, type BareEngine, type BareTunnel, boot, masquerade } from './bare-engine.ts'
import type { Laptop } from './laptop.ts'
import { until } from './probes.ts'

const FOLDER = '/run/lab/tmp/bare-openvpn'

/** A certificate that is known by its fingerprint, and what of its own a configuration has. */
async function makeEnd(name: string): Promise<{ own: string[]; fingerprint: string }> {
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 })
  const [key, cert] = [`${FOLDER}/${name}.key`, `${FOLDER}/${name}.crt`]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${name}`]
  await run('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', cert])
  const said = await run('openssl', ['x509', '-in', cert, '-noout', '-fingerprint', '-sha256'])
  return { own: [`cert ${cert}`, `key ${key}`], fingerprint: said.trim().split('=')[1] ?? '' }
}

/** A process of the stock program, point to point; `remote`: of the client. */
type Process = { namespace: string; name: string; lines: string[] }

async function start({ namespace, name, lines }: Process): Promise<() => void> {
  const config = `${FOLDER}/${name}.conf`
  const common = ['dev-type tun', `dev ${name}`, 'tun-mtu 1420', 'disable-dco', `writepid ${FOLDER}/${name}.pid`]
  writeFileSync(config, `${[...common, ...lines].join('\n')}\n`)
  await run('ip', [
    'netns',
    'exec',
    namespace,
    'openvpn',
    '--config',
    config,
    '--daemon',
    '--log',
    `${FOLDER}/${name}.log`,
  ])
  return () => process.kill(Number(readFileSync(`${FOLDER}/${name}.pid`, 'utf8')))
}

const isUp = (name: string) => async () =>
  readFileSync(`${FOLDER}/${name}.log`, 'utf8').includes('Initialization Sequence Completed')

type Pair = { client: string; server: string; near: string; far: string; host: string; port: number }

async function makePair({ client, server, near, far, host, port }: Pair) {
  const [mine, theirs] = [await makeEnd(client), await makeEnd(server)]
  return {
    client: ['tls-client', `remote ${host} ${port}`, 'nobind', `ifconfig ${near} ${far}`, ...mine.own].concat(
      `peer-fingerprint ${theirs.fingerprint}`,
    ),
    server: ['tls-server', 'dh none', `port ${port}`, `ifconfig ${far} ${near}`, ...theirs.own].concat(
      `peer-fingerprint ${mine.fingerprint}`,
    ),
  }
}

/** A pair of processes of its own at both ends; the server masquerades for it as for the tunnel. */
async function connect({ laptop, server, publicAddress }: BareEnds): Promise<BareTunnel> {
  const [device, there] = ['bare0', 'bare1']
  const place = { near: '192.0.2.2', far: '192.0.2.1', host: publicAddress, port: 51_999 }
  const pair = await makePair({ client: device, server: there, ...place })
  await masquerade(server, place.near)
  const ends = [
    await start({ namespace: server, name: there, lines: pair.server }),
    await start({ namespace: laptop.name, name: device, lines: pair.client }),
  ]
  await until('bare tunnel', isUp(device), 30_000)
  return {
    device,
    async remove() {
      for (const end of ends) end()
      rmSync(FOLDER, { recursive: true })
    },
  }
}

async function stockLag(laptop: Laptop, n: number): Promise<number> {
  const [client, server] = [`stockc${n}`, `stocks${n}`]
  const base = 64 + n * 4
  const place = { near: `192.0.2.${base + 2}`, far: `192.0.2.${base + 1}`, host: '127.0.0.1', port: 52_000 + n }
  const pair = await makePair({ client, server, ...place })
  const endClient = await start({ namespace: laptop.name, name: client, lines: pair.client })
  await boot(n)
  const ready = Date.now()
  const endServer = await start({ namespace: laptop.name, name: server, lines: pair.server })
  await until('end of the stock client’s handshake', isUp(client), 60_000, 20)
  const lag = Date.now() - ready
  endClient()
  endServer()
  return lag
}

export const bareOpenvpn: BareEngine = { connect, stockLag }
