import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Secret } from '../kernel/secret.ts'

/**
 * What STS answered, kept for the next process of the same person. `by`: the secret key of the credentials that asked. Whoever has it could ask again, and
 * nobody else can read the answer; when those credentials are renewed or forgotten, it is lost with them.
 */
export type KeptAnswers = {
  load(name: string, by: Secret): Promise<Secret | undefined>
  save(name: string, by: Secret, answer: Secret): Promise<void>
}

const [SALT_BYTES, IV_BYTES, TAG_BYTES] = [16, 12, 16]

/** A file a name, AES-256-GCM; the name is authenticated, so that answers cannot be exchanged. One that cannot be read or written costs a call. */
export function keptAnswers(folder: string): KeptAnswers {
  const pathOf = (name: string) => join(folder, `${encodeURIComponent(name)}.sealed`)
  return {
    async load(name, by) {
      try {
        const sealed = await readFile(pathOf(name))
        const [salt, iv, tag, data] = cut(sealed)
        const opening = createDecipheriv('aes-256-gcm', keyOf(by, salt), iv, { authTagLength: TAG_BYTES })
        opening.setAAD(Buffer.from(name)).setAuthTag(tag)
        return new Secret(Buffer.concat([opening.update(data), opening.final()]).toString('utf8'))
      } catch {
        return undefined
      }
    },
    async save(name, by, answer) {
      const [salt, iv] = [randomBytes(SALT_BYTES), randomBytes(IV_BYTES)]
      const closing = createCipheriv('aes-256-gcm', keyOf(by, salt), iv, { authTagLength: TAG_BYTES })
      closing.setAAD(Buffer.from(name))
      const data = Buffer.concat([closing.update(answer.reveal(), 'utf8'), closing.final()])
      const temporary = `${pathOf(name)}.${process.pid}`
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await writeFile(temporary, Buffer.concat([salt, iv, closing.getAuthTag(), data]), { mode: 0o600 })
        await rename(temporary, pathOf(name))
      } catch {
        // The next process asks again.
      }
    },
  }
}

function cut(sealed: Buffer): [salt: Buffer, iv: Buffer, tag: Buffer, data: Buffer] {
  const [afterSalt, afterIv, afterTag] = [SALT_BYTES, SALT_BYTES + IV_BYTES, SALT_BYTES + IV_BYTES + TAG_BYTES]
  const part = (from: number, to?: number) => sealed.subarray(from, to)
  return [part(0, afterSalt), part(afterSalt, afterIv), part(afterIv, afterTag), part(afterTag)]
}

/** A secret key of AWS has 240 random bits: it needs no slow derivation, as a passphrase does. */
const keyOf = (by: Secret, salt: Buffer): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', by.reveal(), salt, 'enchilada: answers of STS', 32))
