import { randomUUID } from 'node:crypto'
import { SignedXml } from 'xml-crypto'
import type { LabPerson } from '../people.ts'
import type { SigningKey } from './signing-key.ts'

export type RolePair = { roleArn: string; providerArn: string }

/** What a response says, and what a test makes wrong in it. */
export type ResponseOptions = {
  /** Where the form posts to, and the Recipient. */
  recipient: string
  audience: string
  /** Of the Role attribute; none: a person whom nobody gave a role. */
  roles: readonly RolePair[]
  sessionSeconds: number | undefined
  sourceIdentity: boolean
  /** ms by which the response is older than it is. */
  ageMs: number
  /** Characters of further attributes, as directories with many groups send. */
  padding: number
  displayName: string
}

const MINUTE = 60_000
const ATTRIBUTES = 'https://aws.amazon.com/SAML/Attributes/'
const C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256'
const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'
const ENVELOPED = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature'
const MFA = 'urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken'

const escapeXml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** SAML 2.0 core, 5.4: the assertion is signed, the response around it is not; so do most providers. XML, not yet base64. */
export function signResponse(issuer: string, key: SigningKey, person: LabPerson, options: ResponseOptions): string {
  const issuedAt = Date.now() - options.ageMs
  const moment = (ms: number) => new Date(ms).toISOString()
  const attribute = (name: string, values: readonly string[]) =>
    `<saml:Attribute Name="${escapeXml(name)}" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri">${values
      .map((value) => `<saml:AttributeValue>${escapeXml(value)}</saml:AttributeValue>`)
      .join('')}</saml:Attribute>`
  const attributes = [
    ...(options.roles.length > 0
      ? [
          attribute(
            `${ATTRIBUTES}Role`,
            options.roles.map(({ roleArn, providerArn }) => `${roleArn},${providerArn}`),
          ),
        ]
      : []),
    attribute(`${ATTRIBUTES}RoleSessionName`, [person.email]),
    ...(options.sourceIdentity ? [attribute(`${ATTRIBUTES}SourceIdentity`, [person.email])] : []),
    ...(options.sessionSeconds ? [attribute(`${ATTRIBUTES}SessionDuration`, [String(options.sessionSeconds)])] : []),
    attribute('displayName', [options.displayName]),
    ...(options.padding > 0 ? [attribute('groups', ['x'.repeat(options.padding)])] : []),
  ]
  const id = `_${randomUUID()}`
  const assertion = `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${id}" Version="2.0" IssueInstant="${moment(issuedAt)}">\
<saml:Issuer>${escapeXml(issuer)}</saml:Issuer>\
<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">${escapeXml(person.name)}</saml:NameID>\
<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">\
<saml:SubjectConfirmationData NotOnOrAfter="${moment(issuedAt + 5 * MINUTE)}" Recipient="${escapeXml(options.recipient)}"/>\
</saml:SubjectConfirmation></saml:Subject>\
<saml:Conditions NotBefore="${moment(issuedAt - MINUTE)}" NotOnOrAfter="${moment(issuedAt + 5 * MINUTE)}">\
<saml:AudienceRestriction><saml:Audience>${escapeXml(options.audience)}</saml:Audience></saml:AudienceRestriction></saml:Conditions>\
<saml:AuthnStatement AuthnInstant="${moment(issuedAt)}" SessionIndex="${id}"><saml:AuthnContext>\
<saml:AuthnContextClassRef>${MFA}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>\
<saml:AttributeStatement>${attributes.join('')}</saml:AttributeStatement></saml:Assertion>`
  const response = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_${randomUUID()}" Version="2.0" \
IssueInstant="${moment(issuedAt)}" Destination="${escapeXml(options.recipient)}">\
<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${escapeXml(issuer)}</saml:Issuer>\
<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>${assertion}</samlp:Response>`
  const signed = new SignedXml({
    privateKey: key.privateKey,
    publicCert: key.certificate,
    signatureAlgorithm: RSA_SHA256,
    canonicalizationAlgorithm: C14N,
  })
  const xpath = `//*[local-name(.)='Assertion']`
  signed.addReference({ xpath, transforms: [ENVELOPED, C14N], digestAlgorithm: SHA256 })
  // The schema's place for it: after the issuer.
  signed.computeSignature(response, {
    prefix: 'ds',
    location: { reference: `${xpath}/*[local-name(.)='Issuer']`, action: 'after' },
  })
  return signed.getSignedXml()
}
