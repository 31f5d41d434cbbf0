import { defineErrors } from '../kernel/errors.ts'

export const loginErrors = defineErrors({
  LOGIN_NO_WAY: {
    message: 'No way to sign in to AWS worked: {tried}',
    retryable: false,
    hint: 'Choose a profile with --profile, or name the page of your identity provider with --sign-in-url (or signInUrl in {file}).',
  },
  LOGIN_SETTINGS_INVALID: {
    message: '{file} is not valid: {reason}',
    retryable: false,
    hint: 'Correct the settings named, or move the file away and give flags to enchilada login.',
  },
  LOGIN_OPTION_INVALID: {
    message: 'An option of the sign-in is not valid: {reason}',
    retryable: false,
    hint: 'Correct the option named, or AWS_REGION where it is the region; enchilada login --help says what each takes.',
  },
  LOGIN_SIGN_IN_URL_MISSING: {
    message: 'No page to sign in at is known',
    retryable: false,
    hint: 'Give --sign-in-url, or set signInUrl in {file}: the address at which your company starts its AWS application.',
  },
  LOGIN_BROWSER_NOT_FOUND: {
    message: 'No browser was found: {asked}',
    retryable: false,
    hint: 'Install Chrome, Edge or Chromium, or give the program with --browser /path/to/it. Elsewhere than here: --method stdin.',
  },
  LOGIN_BROWSER_BUSY: {
    message: 'The browser ended at once: {reason}',
    retryable: true,
    hint: 'Close the window of an earlier sign-in, and see that the browser starts by itself on this machine.',
  },
  LOGIN_BROWSER_CLOSED: {
    message: 'The browser was closed before the sign-in was done',
    retryable: true,
    hint: 'Run enchilada login again and leave the window open until it closes by itself.',
  },
  LOGIN_PAGE_UNREACHABLE: {
    message: 'The sign-in page did not open: {reason}',
    retryable: true,
    hint: 'Check the network and the address given with --sign-in-url.',
  },
  LOGIN_TIMED_OUT: {
    message: 'Nobody signed in within {seconds} s',
    retryable: true,
    hint: 'Run enchilada login again; --timeout gives more time. A wrong password or code is told by the page itself.',
  },
  LOGIN_ASSERTION_UNREADABLE: {
    message: 'That is no SAML response: {reason}',
    retryable: false,
    hint: 'Give the base64 text of the SAMLResponse field, nothing else, on standard input.',
  },
  LOGIN_ASSERTION_TOO_LARGE: {
    message: 'The SAML response has {length} characters; AWS takes 100000',
    retryable: false,
    hint: 'Ask who runs the identity provider to send fewer attributes to AWS, groups above all.',
  },
  LOGIN_ASSERTION_EXPIRED: {
    message: 'The SAML response is too old: AWS takes one for five minutes',
    retryable: true,
    hint: 'Sign in again and choose the role at once. If it happens at once, check the clock of this machine and of the identity provider.',
  },
  LOGIN_ASSERTION_REFUSED: {
    message: 'AWS does not accept the SAML response: {reason}',
    retryable: false,
    hint: 'The audience, the recipient or the signing certificate at the identity provider differs from the provider in IAM: show this to who set it up.',
  },
  LOGIN_IDP_REFUSED: {
    message: 'The identity provider refused: {reason}',
    retryable: false,
    hint: 'Ask who runs the identity provider whether you may use its AWS application.',
  },
  LOGIN_NO_ROLE: {
    message: 'The identity provider gave no role in AWS',
    retryable: false,
    hint: 'Ask to be put in a group that has a role in AWS; the Role attribute of the SAML response was empty.',
  },
  LOGIN_ROLE_UNKNOWN: {
    message: 'You have no role {role}; there are {roles}',
    retryable: false,
    hint: 'Name one of them with --role, by its name or its ARN.',
  },
  LOGIN_ROLE_AMBIGUOUS: {
    message: 'Several roles are yours and none was chosen: {roles}',
    retryable: false,
    hint: 'Name one with --role, by its ARN where two accounts have the same name. On a terminal it is asked.',
  },
  LOGIN_ROLE_DENIED: {
    message: 'AWS does not let you take {role}: {reason}',
    retryable: false,
    hint: 'Its trust policy must name the SAML provider and allow sts:AssumeRoleWithSAML, sts:SetSourceIdentity and sts:TagSession.',
  },
  LOGIN_DURATION: {
    message: 'AWS does not give {role} for so long: {reason}',
    retryable: false,
    hint: 'Give a shorter --duration, at least 15m and at most the maximum session duration of the role.',
  },
  LOGIN_PROFILE_FAILED: {
    message: 'The credentials at hand do not work: {reason}',
    retryable: true,
    hint: 'For Identity Center run aws sso login, for console sessions aws login; or sign in with --method saml.',
  },
  LOGIN_EXPIRED: {
    message: 'The session {session} has ended',
    retryable: false,
    hint: 'Run enchilada login again; or enchilada login --forget, to use the profiles at hand.',
  },
  LOGIN_SESSION_UNKNOWN: {
    message: 'There is no session {session}',
    retryable: false,
    hint: 'Run enchilada login, with --session {session} if it is not the usual one.',
  },
  LOGIN_SESSION_UNREADABLE: {
    message: 'The kept session {session} cannot be opened: {reason}',
    retryable: false,
    hint: 'Check ENCHILADA_PASSPHRASE, or run enchilada login --forget and sign in again.',
  },
  LOGIN_KEYCHAIN_UNAVAILABLE: {
    message: 'The keychain of this system does not work: {reason}',
    retryable: false,
    hint: 'Use --store file with ENCHILADA_PASSPHRASE, or --store none with --export.',
  },
  LOGIN_PASSPHRASE_MISSING: {
    message: 'An encrypted file needs a passphrase',
    retryable: false,
    hint: 'Set ENCHILADA_PASSPHRASE, or run on a terminal, where it is asked.',
  },
  LOGIN_PROFILE_TAKEN: {
    message: '{file} has a profile {profile} that Enchilada did not write',
    retryable: false,
    hint: 'Choose another name for --write-profile: what people wrote is never changed.',
  },
  LOGIN_PROFILE_UNKEPT: {
    message: 'The profile {profile} would not give this session: {reason}',
    retryable: false,
    hint: 'Nothing was written. Tools of AWS take their own profiles as they are; otherwise sign in by --method saml and let the session be kept, with ENCHILADA_PASSPHRASE where no keychain works.',
  },
  LOGIN_COMMAND_NOT_FOUND: {
    message: 'The command {command} did not start: {reason}',
    retryable: false,
    hint: 'Give a program that is on the PATH after the two dashes: enchilada exec -- aws sts get-caller-identity.',
  },
})
