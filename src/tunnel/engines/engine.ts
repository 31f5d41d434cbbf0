import type { Secret } from '../../kernel/secret.ts'
import type { TunnelAddresses } from '../addresses.ts'
import type { ClientEngine } from '../network-document.ts'
import { introduceWireguard } from './wireguard.ts'

/** What carries the packets. Everything else of a tunnel is the same for each. */
export const engineNames = ['wireguard', 'openvpn'] as const
export type EngineName = (typeof engineNames)[number]

/** The server's half, as parts of its script. */
export type ServerEngine = {
  /** What packets of the client come out of, and what carried them there. SERVER_DEVICE is one of them and has the address. */
  devices: Readonly<Record<string, 'udp' | 'tcp'>>
  /** Bash: writes files, the server's private key among them. Nothing of the client's. */
  prepare: Secret
  /** Bash: starts what listens, once the device has its address. */
  start: string
}

/** Both ends of one tunnel, made for each other and for one run. */
export type Introduction = { server: ServerEngine; client: Secret<ClientEngine> }

/** The maker of both ends, loaded: certificates take a library that the other engine does without. */
export async function loadEngine(
  engine: EngineName,
): Promise<(addresses: TunnelAddresses) => Introduction | Promise<Introduction>> {
  switch (engine) {
    case 'wireguard':
      return introduceWireguard
    case 'openvpn':
      return (await import('./openvpn.ts')).introduceOpenvpn
  }
}
