import { expect, test } from 'vitest'
import { sessionRefused } from './session-refused.ts'

const said = (name: string, message = name) => Object.assign(new Error(message), { name })

test('credentials that have ended and a wrong clock are told apart, and from everything else', () => {
  for (const name of ['ExpiredToken', 'ExpiredTokenException', 'RequestExpired']) {
    expect(sessionRefused(said(name))?.code).toBe('AWS_SESSION_EXPIRED')
  }
  const signature = 'Signature expired: 20261124T100000Z is now earlier than 20261124T104500Z'
  expect(sessionRefused(said('SignatureDoesNotMatch', signature))?.code).toBe('AWS_CLOCK_WRONG')
  expect(sessionRefused(said('InvalidSignatureException', 'Signature not yet current: …'))?.code).toBe(
    'AWS_CLOCK_WRONG',
  )
  expect(sessionRefused(said('RequestTimeTooSkewed'))?.code).toBe('AWS_CLOCK_WRONG')
  expect(sessionRefused(said('SignatureDoesNotMatch', 'The request signature we calculated'))).toBeUndefined()
  expect(sessionRefused(said('UnauthorizedOperation'))).toBeUndefined()
})
