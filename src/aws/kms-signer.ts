import { createHash, createPublicKey } from 'node:crypto'
import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms'
import { isCoded, reasonOf } from '../kernel/errors.ts'
import type { Signer } from '../kernel/signer.ts'
import { awsErrors } from './errors.ts'
import { patience } from './patience.ts'

export const createKmsClient = (region: string): KMSClient =>
  new KMSClient({ region, maxAttempts: 4, requestHandler: patience(5_000) })

/**
 * A key that never leaves KMS: ECDSA over sha256 with P-256. KMS has Ed25519 too, but signs at most 4,096 bytes with it, and a
 * manifest is longer (docs/decisions/0030-kms-key.md). `id`: ARN of the key or of an alias; what is signed names the key's own ARN.
 */
export async function openKmsSigner(client: KMSClient, id: string): Promise<Signer> {
  const failure = (cause: unknown) =>
    isCoded(cause) ? cause : awsErrors.KMS_KEY_UNUSABLE({ key: id, reason: reasonOf(cause) }, { cause })
  const { KeyId, PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId: id })).catch((cause: unknown) => {
    throw failure(cause)
  })
  if (!KeyId || !PublicKey) throw awsErrors.KMS_KEY_UNUSABLE({ key: id, reason: 'KMS gave no public key' })
  const publicKey = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' })
  if (publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw awsErrors.KMS_KEY_UNUSABLE({ key: id, reason: `it is of type ${publicKey.asymmetricKeyType}` })
  }
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  return {
    key: KeyId,
    publicKey: async () => pem,
    async sign(data) {
      const { Signature } = await client
        .send(
          new SignCommand({
            KeyId,
            Message: createHash('sha256').update(data).digest(),
            MessageType: 'DIGEST',
            SigningAlgorithm: 'ECDSA_SHA_256',
          }),
        )
        .catch((cause: unknown) => {
          throw failure(cause)
        })
      if (!Signature) throw awsErrors.KMS_KEY_UNUSABLE({ key: id, reason: 'KMS gave no signature' })
      return Signature
    },
  }
}
