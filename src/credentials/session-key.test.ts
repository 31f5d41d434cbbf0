import ssh2 from 'ssh2'
import { expect, test } from 'vitest'
import { generateSessionKey } from './session-key.ts'

test('every key can be read back, also those whose public half begins with a zero', () => {
  for (let n = 0; n < 1_000; n += 1) {
    const { privateKey, publicKey } = generateSessionKey('enchilada ada ✓')
    expect(ssh2.utils.parseKey(privateKey.reveal())).not.toBeInstanceOf(Error)
    expect(ssh2.utils.parseKey(publicKey)).not.toBeInstanceOf(Error)
  }
})
