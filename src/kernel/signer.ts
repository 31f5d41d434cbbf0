import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'

/** Signs checkpoints and seals. `key` names the public key: `ed25519:<first 16 hex of its sha256>` or a KMS key ARN. */
export type Signer = {
  readonly key: string
  /** PEM, SubjectPublicKeyInfo: what a verifier needs. */
  publicKey(): Promise<string>
  sign(data: Uint8Array): Promise<Uint8Array>
}

export type Verifier = (data: Uint8Array, signature: Uint8Array) => boolean

const keyName = (publicKey: KeyObject): string =>
  `ed25519:${createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16)}`

/** A local Ed25519 key (RFC 8032) from a PKCS#8 PEM. */
export function ed25519Signer(privateKeyPem: string): Signer {
  const privateKey = createPrivateKey(privateKeyPem)
  const publicKey = createPublicKey(privateKey)
  return {
    key: keyName(publicKey),
    publicKey: async () => publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    sign: async (data) => sign(null, data, privateKey),
  }
}

/** For who only verifies. */
export const publicKeySigner = (publicKey: () => Promise<string>): Signer => ({
  key: 'public',
  publicKey,
  sign: async () => {
    throw new Error('a public key does not sign')
  },
})

/** Ed25519 keys verify the bytes; EC keys (KMS, ECC_NIST_P256) verify ECDSA over sha256. */
export function verifierOf(publicKeyPem: string): Verifier {
  const publicKey = createPublicKey(publicKeyPem)
  const digest = publicKey.asymmetricKeyType === 'ed25519' ? null : 'sha256'
  return (data, signature) => verify(digest, data, publicKey, signature)
}
