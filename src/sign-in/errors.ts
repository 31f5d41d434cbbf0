import { defineErrors } from '../kernel/errors.ts'

export const signInErrors = defineErrors({
  SIGN_IN_UNAVAILABLE: {
    message: 'The identity provider {issuer} cannot be reached: {reason}',
    retryable: true,
    hint: 'Try again in a minute. If it lasts, check `signIn.issuer` and that this host can reach the provider.',
  },
  SIGN_IN_MISCONFIGURED: {
    message: 'The identity provider {issuer} does not fit the configuration: {reason}',
    retryable: false,
    hint: 'Compare `signIn` in enchilada.yaml with the client registered at the provider.',
  },
  SIGN_IN_EXPIRED: {
    message: 'This sign-in was begun in another browser, too long ago, or is used up',
    retryable: true,
    hint: 'Begin again from the portal; bookmarks and the back button lead to used-up sign-ins.',
  },
  SIGN_IN_REFUSED: {
    message: 'The identity provider did not sign you in: {reason}',
    retryable: true,
    hint: 'Begin again from the portal. If it lasts, show the reason to whoever keeps the identity provider.',
  },
  SIGN_IN_NEEDS_MFA: {
    message: 'The identity provider signed you in without a second factor',
    retryable: false,
    hint: 'Enrol a second factor at the identity provider, then begin again. Operators: `signIn.mfa` says what counts as one.',
  },
  SIGN_IN_STALE: {
    message: 'The identity provider did not ask you to sign in again',
    retryable: true,
    hint: 'Sign out at the identity provider, then begin again. Operators: it has to honour `max_age` and `prompt=login`.',
  },
  SIGN_IN_TOO_MANY: {
    message: 'Too many sign-ins from this address',
    retryable: true,
    hint: 'Wait a minute, then begin again.',
  },
  LOGOUT_TOKEN_INVALID: {
    message: 'The logout token is not valid: {reason}',
    retryable: false,
    hint: 'It must come from `signIn.issuer`, be signed by its keys, and be meant for `signIn.clientId`.',
  },
})
