import { generateKeyPairSync } from 'node:crypto'
import { Secret } from '../../kernel/secret.ts'
import { SERVER_DEVICE, type TunnelAddresses } from '../addresses.ts'
import type { Introduction, ServerEngine } from './engine.ts'

/** Curve25519 keys as WireGuard writes them: 32 bytes, base64. */
export type KeyPair = { readonly publicKey: string; readonly privateKey: Secret }

/** UDP, admitted from anywhere: WireGuard is silent to strangers. */
const PORT = 51820

export function introduceWireguard(addresses: TunnelAddresses): Introduction {
  const [server, client] = [generateKeys(), generateKeys()]
  return {
    server: wireguardServer({ addresses, privateKey: server.privateKey, clientPublicKey: client.publicKey }),
    client: new Secret({
      name: 'wireguard',
      port: PORT,
      publicKey: server.publicKey,
      privateKey: client.privateKey.reveal(),
    }),
  }
}

export function generateKeys(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  const bytes = (coordinate: string | undefined) => Buffer.from(coordinate ?? '', 'base64url').toString('base64')
  return {
    publicKey: bytes(publicKey.export({ format: 'jwk' }).x),
    privateKey: new Secret(bytes(privateKey.export({ format: 'jwk' }).d)),
  }
}

export type WireguardServer = { addresses: TunnelAddresses; privateKey: Secret; clientPublicKey: string }

/** networkd makes the device with its keys, and the kernel listens from then on. */
export const wireguardServer = ({ addresses, privateKey, clientPublicKey }: WireguardServer): ServerEngine => ({
  devices: { [SERVER_DEVICE]: 'udp' },
  prepare: new Secret(`cat >/etc/systemd/network/60-enchilada.netdev <<'END'
[NetDev]
Name=${SERVER_DEVICE}
Kind=wireguard
[WireGuard]
PrivateKey=${privateKey.reveal()}
ListenPort=${PORT}
[WireGuardPeer]
PublicKey=${clientPublicKey}
AllowedIPs=${addresses.client}/32
END`),
  start: '',
})
