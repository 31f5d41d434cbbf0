import { expect, test } from 'vitest'
import { ownPath } from './sign-in.ts'

test.each(['/.//evil.example/x', '/..//evil.example/x', 'ORIGIN//evil.example/x', '/\\evil.example', '//evil.example'])(
  'after signing in nobody is sent to %s',
  (wanted) => {
    const origin = 'https://portal.example'
    const path = ownPath(wanted.replace('ORIGIN', origin), origin)
    expect(new URL(path, origin).origin).toBe(origin)
  },
)
