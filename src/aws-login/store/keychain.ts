import { randomBytes } from 'node:crypto'
import { reasonOf } from '../../kernel/errors.ts'
import { Secret } from '../../kernel/secret.ts'
import { loginErrors } from '../errors.ts'
import type { SessionStore } from './session-store.ts'

const SERVICE = 'enchilada'
const PROBE = 'probe'

/**
 * The keychain of the system: macOS Keychain, Windows Credential Manager, Secret Service on Linux. It is named, because the library
 * would else settle for the kernel's keyring, which forgets at every reboot; and tried, because it may be there and locked.
 */
export async function openKeychain(): Promise<SessionStore> {
  try {
    // A native part that need not be there: without it the sealed file is used.
    const { AsyncEntry } = await import('@napi-rs/keyring')
    const entry = (name: string) => new AsyncEntry(SERVICE, name, { linux: { store: 'secret-service' } })
    const token = randomBytes(16).toString('hex')
    await entry(PROBE).setPassword(token)
    const kept = await entry(PROBE).getPassword()
    await entry(PROBE).deletePassword()
    if (kept !== token) throw new Error('it does not give back what it was given')
    return {
      kind: 'keychain',
      async load(name) {
        const text = await entry(name).getPassword()
        return text ? new Secret(text) : undefined
      },
      save: (name, text) => entry(name).setPassword(text.reveal()),
      async forget(name) {
        await entry(name).deletePassword()
      },
    }
  } catch (cause) {
    throw loginErrors.LOGIN_KEYCHAIN_UNAVAILABLE({ reason: reasonOf(cause) }, { cause })
  }
}
