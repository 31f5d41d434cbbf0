import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { codePage, passwordPage, postPage } from '../pages.ts'
import { findPerson, type LabPerson, makePeople } from '../people.ts'
import { metadataOf } from './metadata.ts'
import { type ResponseOptions, type RolePair, signResponse } from './response.ts'
import { makeSigningKey } from './signing-key.ts'

export type SamlIdpOptions = {
  /** 0 or absent: a free port. */
  port?: number
  /** The same seed, the same people and passwords as the OpenID provider's. */
  seed?: string
  rolesOf?: (person: LabPerson) => readonly RolePair[]
}

/** What a test changes between two sign-ins. */
export type SamlKnobs = Partial<Omit<ResponseOptions, 'roles'>>

export type SamlIdp = {
  /** Where a person begins: the address that a company publishes for its AWS application. */
  startUrl: string
  issuer: string
  metadata: string
  person(name: string): LabPerson
  /** Replaces every knob. */
  turn(knobs: SamlKnobs): void
  /** Base64, as the form would post it. */
  responseFor(name: string): string
  /** Every response that was sent, base64. */
  sent(): readonly string[]
  /** How often a page that asks for a password was shown. */
  asked(): number
  stop(): Promise<void>
}

export const AWS_SIGN_IN = 'https://signin.aws.amazon.com/saml'
const SESSION_SECONDS = 8 * 3600

type Visit = { person: LabPerson | undefined; passed: boolean }

/** A SAML identity provider with our own pages: password, one-time code, and a form that posts itself to AWS's sign-in address. */
export async function startSamlIdp(options: SamlIdpOptions = {}): Promise<SamlIdp> {
  const people = makePeople(options.seed ?? 'lab')
  const visits = new Map<string, Visit>()
  let knobs: SamlKnobs = {}
  const sent: string[] = []
  let asked = 0
  const server = createServer((request, response) => void answer(request, response))
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the SAML provider has no port')
  const issuer = `http://localhost:${address.port}`
  const key = await makeSigningKey('Lab SAML provider')

  const respond = (person: LabPerson): { recipient: string; encoded: string } => {
    const recipient = knobs.recipient ?? AWS_SIGN_IN
    const xml = signResponse(issuer, key, person, {
      audience: AWS_SIGN_IN,
      sessionSeconds: undefined,
      sourceIdentity: true,
      ageMs: 0,
      padding: 0,
      displayName: `${person.name} Łukasiewicz 愛`,
      ...knobs,
      recipient,
      roles: options.rolesOf?.(person) ?? [],
    })
    return { recipient, encoded: Buffer.from(xml).toString('base64') }
  }

  /** One cookie through the visit and after it: the person who comes again is known, as with a company's provider. */
  function visitOf(request: IncomingMessage, response: ServerResponse): Visit {
    const known = visits.get(/(?:^|; )visit=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1] ?? '')
    if (known) return known
    const id = randomUUID()
    const visit = { person: undefined, passed: false }
    visits.set(id, visit)
    response.setHeader('set-cookie', `visit=${id}; HttpOnly; Path=/; SameSite=Lax; Max-Age=${SESSION_SECONDS}`)
    return visit
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', issuer).pathname
    if (path === '/metadata') return send(response, 200, metadataOf(issuer, key), 'application/samlmetadata+xml')
    if (!['/start', '/password', '/code'].includes(path)) return send(response, 404, '')
    const visit = visitOf(request, response)
    if (visit.person && visit.passed) return finish(response, visit.person)
    const form = request.method === 'POST' ? new URLSearchParams(await text(request)) : undefined
    if (form && path === '/password') return takePassword(response, visit, form)
    if (form && path === '/code' && visit.person) return takeCode(response, visit, visit.person, form)
    asked += 1
    send(response, 200, passwordPage('/password'))
  }

  function takePassword(response: ServerResponse, visit: Visit, form: URLSearchParams): void {
    const person = findPerson(people, form.get('username') ?? '')
    // Whoever has no second factor has no way to AWS.
    if (!person?.totp || person.password !== form.get('password')) {
      send(response, 401, passwordPage('/password', 'The user name or the password is wrong.'))
      return
    }
    visit.person = person
    send(response, 200, codePage('/code', person.name))
  }

  function takeCode(response: ServerResponse, visit: Visit, person: LabPerson, form: URLSearchParams): void {
    if (person.totp?.validate({ token: form.get('code') ?? '', window: 1 }) == null) {
      send(response, 401, codePage('/code', person.name, 'The code is wrong.'))
      return
    }
    visit.passed = true
    finish(response, person)
  }

  function finish(response: ServerResponse, person: LabPerson): void {
    const { recipient, encoded } = respond(person)
    sent.push(encoded)
    send(response, 200, postPage(recipient, { SAMLResponse: encoded }))
  }

  const person = (name: string): LabPerson => {
    const found = findPerson(people, name)
    if (!found) throw new Error(`nobody is called ${name}`)
    return found
  }
  return {
    startUrl: `${issuer}/start`,
    issuer,
    metadata: metadataOf(issuer, key),
    person,
    turn: (wanted) => {
      knobs = wanted
    },
    responseFor: (name) => respond(person(name)).encoded,
    sent: () => [...sent],
    asked: () => asked,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function send(response: ServerResponse, status: number, body: string, type = 'text/html'): void {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' }).end(body)
}
