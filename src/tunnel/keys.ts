import { generateKeyPairSync } from 'node:crypto'
import { Secret } from '../kernel/secret.ts'

/** Curve25519 keys as WireGuard writes them: 32 bytes, base64. Made for one run and kept in memory alone. */
export type KeyPair = { readonly publicKey: string; readonly privateKey: Secret }

export function generateKeys(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  const bytes = (coordinate: string | undefined) => Buffer.from(coordinate ?? '', 'base64url').toString('base64')
  return {
    publicKey: bytes(publicKey.export({ format: 'jwk' }).x),
    privateKey: new Secret(bytes(privateKey.export({ format: 'jwk' }).d)),
  }
}
