import { expect, test } from 'vitest'
import { isSignInAddress, signInPatterns } from './sign-in-address.ts'

/** As the browser's own wildcards: `*` is anything. */
const stops = (url: string) =>
  signInPatterns.some((pattern) => new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(url))

test.each([
  'https://signin.aws.amazon.com/saml',
  'https://eu-west-1.signin.aws.amazon.com/saml',
  'https://ap-southeast-2.signin.aws.amazon.com/saml/acs/SAMLSP2EXAMPLE',
  'https://signin.aws.amazon.com/saml/acs/SAMLSP2EXAMPLE',
  'https://signin.aws.amazon.com/saml?RelayState=x',
  'https://signin.amazonaws-us-gov.com/saml',
  'https://us-gov-west-1.signin.amazonaws-us-gov.com/saml/acs/X1',
  'https://signin.amazonaws.cn/saml',
  'https://cn-north-1.signin.amazonaws.cn/saml',
  'https://signin.aws.amazon.com.mcas.ms/saml',
])('caught: %s', (url) => {
  expect(isSignInAddress(url)).toBe(true)
  expect(stops(url)).toBe(true)
})

test.each([
  'http://signin.aws.amazon.com/saml',
  'https://signin.aws.amazon.com:8443/saml',
  'https://signin.aws.amazon.com.example.com/saml',
  'https://evil-signin.aws.amazon.com/saml',
  'https://signin.aws.amazon.com/oauth',
  'https://signin.aws.amazon.com/saml/acs/../../console',
  'https://example.com/saml',
])('not an address of AWS for SAML: %s', (url) => expect(isSignInAddress(url)).toBe(false))
