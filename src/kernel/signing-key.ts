import { generateKeyPairSync } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { writeDurably } from './durable-file.ts'
import { ed25519Signer, type Signer } from './signer.ts'

/** The signing key of this installation; made, mode 0600, when the file is not there. */
export async function openSigningKey(path: string): Promise<Signer> {
  if (!existsSync(path)) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const { privateKey } = generateKeyPairSync('ed25519')
    await writeDurably(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  }
  return ed25519Signer(await readFile(path, 'utf8'))
}
