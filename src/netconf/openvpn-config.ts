import { pem, staticKey } from '../tunnel/engines/pem.ts'
import type { ClientEngine, NetworkUp } from '../tunnel/network-document.ts'
import { MTU } from './system-steps.ts'

export type Openvpn = Extract<ClientEngine, { name: 'openvpn' }>

/**
 * A client's configuration, openvpn(8) of 2.6. The server says the rest of the session's parameters, and nothing of routes or names. A silent server is
 * given up after six seconds and tried anew for as long as the process lives; the device and what leads into it stay meanwhile.
 */
export const openvpnConfig = (engine: Openvpn, remotes: readonly string[], system: readonly string[]): string =>
  [
    ...['tls-client', 'pull', 'route-nopull', 'script-security 0', 'tls-version-min 1.3', 'dev-type tun', 'nobind'],
    ...remotes.map((remote) => `remote ${remote}`),
    ...['persist-tun', `tun-mtu ${MTU}`, 'ping 2', 'ping-restart 6'],
    ...['connect-retry 1 1', 'server-poll-timeout 3', 'tls-timeout 1', 'hand-window 10'],
    ...system,
    `peer-fingerprint ${engine.fingerprint}`,
    ...['<cert>', pem('CERTIFICATE', engine.certificate), '</cert>'],
    ...['<key>', pem('PRIVATE KEY', engine.privateKey), '</key>'],
    ...['<tls-crypt>', staticKey(engine.controlKey), '</tls-crypt>', ''],
  ].join('\n')

export const remoteOf = ({ endpoint }: NetworkUp, { port }: Openvpn, transport: 'udp' | 'tcp'): string =>
  `${endpoint} ${port} ${transport === 'udp' ? 'udp' : 'tcp-client'}`
