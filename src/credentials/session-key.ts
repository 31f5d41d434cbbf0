import ssh2 from 'ssh2'
import { Secret } from '../kernel/secret.ts'

/** An Ed25519 key for one session; the public half as one line of authorized_keys. */
export type SessionKey = { privateKey: Secret; publicKey: string }

/**
 * ssh2 1.17 strips leading zero bytes off the public key, so that about one pair in 200 cannot be read back;
 * such a pair is thrown away.
 */
export function generateSessionKey(comment: string): SessionKey {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment: comment.replace(/[^\x20-\x7e]/g, '?') })
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) {
      return { privateKey: new Secret(pair.private), publicKey: pair.public }
    }
  }
}
