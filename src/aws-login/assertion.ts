import { DOMParser } from '@xmldom/xmldom'
import { Secret } from '../kernel/secret.ts'
import { loginErrors } from './errors.ts'

export type SamlRole = {
  readonly roleArn: string
  readonly providerArn: string
  readonly account: string
  readonly name: string
}

/** What this machine reads of a SAML response. It proves nothing here: AWS checks it. */
export type Assertion = { readonly encoded: Secret; readonly roles: readonly SamlRole[] }

/** STS API reference, AssumeRoleWithSAML: SAMLAssertion has 4 to 100 000 characters. */
const LONGEST = 100_000
const ASSERTION = 'urn:oasis:names:tc:SAML:2.0:assertion'
const PROTOCOL = 'urn:oasis:names:tc:SAML:2.0:protocol'
const ROLE = 'https://aws.amazon.com/SAML/Attributes/Role'
const ROLE_ARN = /^arn:[a-z-]+:iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/
const PROVIDER_ARN = /^arn:[a-z-]+:iam::\d{12}:saml-provider\/[\w.-]+$/

export function readAssertion(given: string): Assertion {
  const encoded = given.replace(/\s/g, '')
  if (encoded.length > LONGEST) throw loginErrors.LOGIN_ASSERTION_TOO_LARGE({ length: encoded.length })
  if (!/^[A-Za-z0-9+/]{4,}={0,2}$/.test(encoded)) throw unreadable('it is not base64')
  // Names in it are UTF-8 (SAML core, 1.3): read as ASCII they would be someone else's.
  const root = parseXml(Buffer.from(encoded, 'base64').toString('utf8'))
  if (root?.namespaceURI !== PROTOCOL || root.localName !== 'Response') throw unreadable('its root is no Response')
  const values = [...elements(root, 'Attribute')]
    .filter((attribute) => attribute.getAttribute('Name') === ROLE)
    .flatMap((attribute) => [...elements(attribute, 'AttributeValue')])
    .map((value) => value.textContent ?? '')
  return { encoded: new Secret(encoded), roles: values.flatMap(readPair) }
}

const unreadable = (reason: string, cause?: unknown) => loginErrors.LOGIN_ASSERTION_UNREADABLE({ reason }, { cause })

function parseXml(xml: string) {
  try {
    // Silent but for what makes it unreadable; entities from outside are never fetched by this parser.
    const refuse = (message: string) => {
      throw new Error(message)
    }
    return new DOMParser({ errorHandler: { warning: () => {}, error: refuse, fatalError: refuse } }).parseFromString(
      xml,
      'text/xml',
    ).documentElement
  } catch (cause) {
    throw unreadable('it is not XML', cause)
  }
}

function* elements(within: Element, name: string): Generator<Element> {
  const found = within.getElementsByTagNameNS(ASSERTION, name)
  for (let at = 0; at < found.length; at += 1) {
    const element = found.item(at)
    if (element) yield element
  }
}

/** Role and provider, in either order: both are in use. */
function readPair(value: string): SamlRole[] {
  const arns = value.split(',').map((arn) => arn.trim())
  const roleArn = arns.find((arn) => ROLE_ARN.test(arn))
  const providerArn = arns.find((arn) => PROVIDER_ARN.test(arn))
  const [, account = '', name = ''] = ROLE_ARN.exec(roleArn ?? '') ?? []
  return roleArn && providerArn ? [{ roleArn, providerArn, account, name }] : []
}
