import { hasCode } from '../../kernel/errors.ts'
import { Secret } from '../../kernel/secret.ts'
import { loginErrors } from '../errors.ts'
import { openKeychain } from './keychain.ts'
import { sealedFiles } from './sealed-file.ts'
import { keepsNothing, type SessionStore } from './session-store.ts'

export type StoreKind = SessionStore['kind']

export type StoreOptions = {
  folder: string
  env: Readonly<Record<string, string | undefined>>
  /** Asks a person; absent without a terminal. */
  askPassphrase: (() => Promise<Secret>) | undefined
  keychain?: () => Promise<SessionStore>
}

/** The one asked for, or else: the keychain where it works, an encrypted file where there is a passphrase, nothing. */
export async function openStore(kind: StoreKind | undefined, options: StoreOptions): Promise<SessionStore> {
  const { folder, env, askPassphrase, keychain = openKeychain } = options
  const given = env['ENCHILADA_PASSPHRASE']
  let known: Promise<Secret> | undefined = given ? Promise.resolve(new Secret(given)) : undefined
  const passphrase = (): Promise<Secret> => {
    known ??= askPassphrase?.()
    if (!known) throw loginErrors.LOGIN_PASSPHRASE_MISSING()
    return known
  }
  if (kind === 'none') return keepsNothing
  if (kind === 'keychain') return keychain()
  if (kind === 'file') return sealedFiles(folder, passphrase)
  // A passphrase in the environment is a choice for the file.
  if (given) return sealedFiles(folder, passphrase)
  try {
    return await keychain()
  } catch (error) {
    if (!hasCode(error, loginErrors.LOGIN_KEYCHAIN_UNAVAILABLE)) throw error
    return askPassphrase ? sealedFiles(folder, passphrase) : keepsNothing
  }
}
