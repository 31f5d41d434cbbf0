import type { Secret } from '../../kernel/secret.ts'

/** Keeps one secret text by name, for this user alone. */
export type SessionStore = {
  readonly kind: 'keychain' | 'file' | 'none'
  load(name: string): Promise<Secret | undefined>
  save(name: string, text: Secret): Promise<void>
  forget(name: string): Promise<void>
}

export const keepsNothing: SessionStore = {
  kind: 'none',
  load: async () => undefined,
  save: async () => {},
  forget: async () => {},
}
