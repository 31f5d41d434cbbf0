import { createCipheriv, createDecipheriv, randomBytes, type ScryptOptions, scrypt } from 'node:crypto'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { writeDurably } from '../../kernel/durable-file.ts'
import { reasonOf } from '../../kernel/errors.ts'
import { Secret } from '../../kernel/secret.ts'
import { loginErrors } from '../errors.ts'
import type { SessionStore } from './session-store.ts'

/** scrypt as RFC 7914 has it: 32 MiB and some 100 ms a guess. */
const COST = { N: 2 ** 15, r: 8, p: 1 } as const
const MEMORY = 64 * 1024 * 1024

const base64 = z.string().transform((text) => Buffer.from(text, 'base64'))
const sealedSchema = z.strictObject({
  v: z.literal(1),
  // A file that asks for more work than ours is not ours.
  n: z.literal(COST.N),
  salt: base64,
  iv: base64,
  tag: base64,
  data: base64,
})

/** One file a name: AES-256-GCM under a key from a passphrase. The name is authenticated, so that files cannot be exchanged. */
export function sealedFiles(folder: string, passphrase: () => Promise<Secret>): SessionStore {
  const pathOf = (name: string) => join(folder, `${encodeURIComponent(name)}.sealed`)
  return {
    kind: 'file',
    async load(name) {
      const text = await readFile(pathOf(name), 'utf8').catch(() => undefined)
      if (text === undefined) return undefined
      try {
        const { salt, iv, tag, data } = sealedSchema.parse(JSON.parse(text))
        const opening = createDecipheriv('aes-256-gcm', await keyOf(await passphrase(), salt), iv, {
          authTagLength: 16,
        })
        opening.setAAD(Buffer.from(name)).setAuthTag(tag)
        return new Secret(Buffer.concat([opening.update(data), opening.final()]).toString('utf8'))
      } catch (cause) {
        throw loginErrors.LOGIN_SESSION_UNREADABLE({ session: name, reason: reasonOf(cause) }, { cause })
      }
    },
    async save(name, text) {
      const [salt, iv] = [randomBytes(16), randomBytes(12)]
      const closing = createCipheriv('aes-256-gcm', await keyOf(await passphrase(), salt), iv, { authTagLength: 16 })
      closing.setAAD(Buffer.from(name))
      const data = Buffer.concat([closing.update(text.reveal(), 'utf8'), closing.final()])
      const parts = { salt, iv, tag: closing.getAuthTag(), data }
      const written = Object.entries(parts).map(([part, bytes]) => [part, bytes.toString('base64')])
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await writeDurably(pathOf(name), JSON.stringify({ v: 1, n: COST.N, ...Object.fromEntries(written) }))
    },
    forget: (name) => rm(pathOf(name), { force: true }),
  }
}

function keyOf(passphrase: Secret, salt: Buffer): Promise<Buffer> {
  const options: ScryptOptions = { ...COST, maxmem: MEMORY }
  return new Promise((resolve, reject) => {
    scrypt(passphrase.reveal(), salt, 32, options, (error, key) => (error ? reject(error) : resolve(key)))
  })
}
