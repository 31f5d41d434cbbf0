import { Secret, TOTP } from 'otpauth'
import type { LabPerson } from '../../../lab/idp/people.ts'
import type { RolePair } from '../../../lab/idp/saml/response.ts'

export const REALM = 'company'
const ATTRIBUTES = 'https://aws.amazon.com/SAML/Attributes/'
const SIGN_IN = 'https://signin.aws.amazon.com/saml'

export type Employee = { person: LabPerson; roles: readonly RolePair[] }

/** Keycloak reads the secret of a one-time code as text. */
const otpSecret = ({ name, password }: LabPerson): string => `${name}${password}`.padEnd(20, 'x').slice(0, 20)

export const codeFor = (person: LabPerson): string =>
  new TOTP({ secret: Secret.fromUTF8(otpSecret(person)) }).generate()

const nameOf = ({ roleArn, providerArn }: RolePair): string => `${roleArn},${providerArn}`

/**
 * A company's realm as docs/guides/sign-in.md says to set it up: the client for AWS, its three mappers, roles of the client, people with a
 * one-time code. Beside it two that are set up wrong.
 */
export function realmOf(employees: readonly Employee[]) {
  const roles = [...new Set(employees.flatMap(({ roles: theirs }) => theirs.map(nameOf)))]
  const clients = [
    awsClient('urn:amazon:webservices', 'aws', {}),
    awsClient('urn:example:other', 'wrong-audience', {}),
    // It vouches for a second; AWS's clock may be a minute off.
    awsClient('urn:amazon:webservices:govcloud', 'short-lived', { 'saml.assertion.lifespan': '1' }),
  ]
  return {
    // Without it Keycloak's cookie ends with the browser.
    ...{ realm: REALM, enabled: true, sslRequired: 'none', rememberMe: true },
    clients,
    roles: {
      client: Object.fromEntries(clients.map(({ clientId }) => [clientId, roles.map((name) => ({ name }))])),
    },
    users: employees.map(({ person, roles: theirs }) => ({
      ...{ username: person.name, email: person.email, emailVerified: true, enabled: true },
      ...{ firstName: person.name, lastName: 'Łukasiewicz 愛' },
      credentials: [
        { type: 'password', value: person.password },
        {
          type: 'otp',
          secretData: JSON.stringify({ value: otpSecret(person) }),
          credentialData: JSON.stringify({ subType: 'totp', digits: 6, period: 30, algorithm: 'HmacSHA1', counter: 0 }),
        },
      ],
      clientRoles: Object.fromEntries(clients.map(({ clientId }) => [clientId, theirs.map(nameOf)])),
    })),
  }
}

function awsClient(clientId: string, startName: string, attributes: Record<string, string>) {
  const mapper = (name: string, protocolMapper: string, config: Record<string, string>) => ({
    ...{ name, protocol: 'saml', protocolMapper },
    config: { 'attribute.nameformat': 'Basic', ...config },
  })
  return {
    ...{ clientId, protocol: 'saml', enabled: true, fullScopeAllowed: false, defaultClientScopes: [] },
    redirectUris: [SIGN_IN],
    attributes: {
      'saml.assertion.signature': 'true',
      'saml.server.signature': 'false',
      'saml.client.signature': 'false',
      'saml.signature.algorithm': 'RSA_SHA256',
      'saml.authnstatement': 'true',
      'saml.force.post.binding': 'true',
      saml_name_id_format: 'persistent',
      saml_force_name_id_format: 'true',
      saml_assertion_consumer_url_post: SIGN_IN,
      saml_idp_initiated_sso_url_name: startName,
      ...attributes,
    },
    protocolMappers: [
      mapper('roles', 'saml-role-list-mapper', { 'attribute.name': `${ATTRIBUTES}Role`, single: 'true' }),
      ...['RoleSessionName', 'SourceIdentity'].map((name) =>
        mapper(name, 'saml-user-property-mapper', {
          'user.attribute': 'email',
          'attribute.name': `${ATTRIBUTES}${name}`,
        }),
      ),
      mapper('name', 'saml-user-property-mapper', { 'user.attribute': 'lastName', 'attribute.name': 'displayName' }),
    ],
  }
}
