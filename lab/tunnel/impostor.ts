import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { LabInstance } from '../aws/doors.ts'
import type { Hosts } from '../hosts/hosts.ts'
import type { Laptop } from './laptop.ts'
import type { RunningUp } from './running-up.ts'

const CONFIG = '/run/lab/impostor.conf'

/** Whoever reads the user data has the server's certificate and key and the key that hides its port: none of them passes for the client. */
export async function impostorIsRefused(laptop: Laptop, hosts: Hosts, up: RunningUp, server: LabInstance) {
  const script = gunzipSync(Buffer.from(server.userData ?? '', 'base64')).toString()
  const block = (name: string) => new RegExp(`<${name}>\\n[^<]*</${name}>`).exec(script)?.[0] ?? ''
  const { fingerprint256 } = new X509Certificate(block('cert').replaceAll(/<.*>/g, '').trim())
  const lines = [
    ...['tls-client', 'pull', 'dev null', 'nobind', 'ifconfig-noexec', 'route-noexec', 'verb 3'],
    `remote ${up.connected['endpoint']} 443 udp`,
    `peer-fingerprint ${fingerprint256}`,
    ...[block('cert'), block('key'), block('tls-crypt'), ''],
  ]
  writeFileSync(CONFIG, lines.join('\n'), { mode: 0o600 })
  const said = await laptop.run('bash', '-c', `timeout 3 openvpn --config ${CONFIG} || true`)
  if (!said.includes('TLS: Initial packet from')) throw new Error(`the impostor met no server: ${said}`)
  if (said.includes('Initialization Sequence Completed')) throw new Error(`the impostor came in: ${said}`)
  const log = readFileSync(hosts.find(server.id)?.pathOf('/var/log/enchilada-openvpn.log') ?? '', 'utf8')
  if (!log.includes('--peer-fingerprint certificate hash verification failed'))
    throw new Error(`the server did not refuse its certificate: ${log}`)
}
