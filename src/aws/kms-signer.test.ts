import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateKeyCommand, type KeySpec } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LabAws, startLabAws } from '../../test/fixtures/lab-aws.ts'
import { type Signer, verifierOf } from '../kernel/signer.ts'
import { openSigningKey } from '../kernel/signing-key.ts'
import { createKmsClient, openKmsSigner } from './kms-signer.ts'

let aws: LabAws
let folder: string
beforeAll(async () => {
  aws = await startLabAws()
  folder = mkdtempSync(join(tmpdir(), 'enchilada-signer-'))
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await aws.stop()
})

const makeKey = async (KeySpec: KeySpec): Promise<string> => {
  const made = await createKmsClient('eu-west-1').send(new CreateKeyCommand({ KeySpec, KeyUsage: 'SIGN_VERIFY' }))
  return made.KeyMetadata?.Arn ?? ''
}
const kmsSigner = async () => openKmsSigner(createKmsClient('eu-west-1'), await makeKey('ECC_NIST_P256'))

describe.each<[string, RegExp, () => Promise<Signer>]>([
  ['a file', /^ed25519:[0-9a-f]{16}$/, () => openSigningKey(join(folder, 'signing.pem'))],
  ['KMS', /^arn:aws:kms:eu-west-1:\d{12}:key\/[0-9a-f-]+$/, kmsSigner],
])('a signing key in %s', (_where, name, open) => {
  test('is named, and its signatures are good for what was signed and nothing else', async () => {
    const signer = await open()
    expect(signer.key).toMatch(name)
    const verify = verifierOf(await signer.publicKey())
    // Longer than what KMS signs without hashing it first.
    for (const data of [Buffer.from('a'), Buffer.alloc(100_000, 'manifest')]) {
      const signature = await signer.sign(data)
      expect(verify(data, signature)).toBe(true)
      expect(verify(Buffer.concat([data, Buffer.from('b')]), signature)).toBe(false)
      expect(verify(data, Buffer.from('rubbish'))).toBe(false)
    }
  })

  test('another key does not verify', async () => {
    const [one, other] = [await open(), await kmsSigner()]
    expect(verifierOf(await other.publicKey())(Buffer.from('a'), await one.sign(Buffer.from('a')))).toBe(false)
  })
})

test.each([
  ['of another spec', () => makeKey('RSA_2048')],
  ['that is not there', async () => 'arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000'],
])('a KMS key %s is refused by name', async (_what, make) => {
  const id = await make()
  await expect(openKmsSigner(createKmsClient('eu-west-1'), id)).rejects.toMatchObject({
    code: 'KMS_KEY_UNUSABLE',
    message: expect.stringContaining(id),
  })
})
