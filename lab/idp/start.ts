import { once } from 'node:events'
import { createServer } from 'node:http'
import { createInteractions, pathOf } from './interactions.ts'
import { findPerson, type LabPerson, makePeople } from './people.ts'
import { createProvider } from './provider.ts'

export type IdpOptions = {
  /** 0 or absent: a free port. */
  port?: number
  redirectUris: string[]
  postLogoutRedirectUris?: string[]
  /** Where sign-outs are told server to server. */
  backchannelLogoutUri?: string
  clientId?: string
  clientSecret?: string
  clientAuth?: 'client_secret_basic' | 'client_secret_post'
  /** Makes passwords and TOTP secrets; the same seed, the same people. */
  seed?: string
}

export type Idp = {
  issuer: string
  client: { id: string; secret: string }
  people: readonly LabPerson[]
  /** The person with this name; throws when there is none. */
  person(name: string): LabPerson
  /** The six digits that are valid now. */
  codeFor(name: string): string
  /** Sign-outs told to the client so far. */
  toldOfSignOut(): { sub: string; ok: boolean }[]
  stop(): Promise<void>
}

/** Starts the lab's identity provider on http://localhost:PORT. */
export async function startIdp(options: IdpOptions): Promise<Idp> {
  const people = makePeople(options.seed ?? 'lab')
  const client = { id: options.clientId ?? 'enchilada', secret: options.clientSecret ?? 'lab-client-secret' }
  const server = createServer()
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the identity provider has no port')

  // The issuer's port is known only now, so the server listens before it answers.
  const issuer = `http://localhost:${address.port}`
  const told: { sub: string; ok: boolean }[] = []
  const provider = createProvider(issuer, people, {
    ...client,
    redirectUris: options.redirectUris,
    postLogoutRedirectUris: options.postLogoutRedirectUris ?? [],
    backchannelLogoutUri: options.backchannelLogoutUri,
    auth: options.clientAuth ?? 'client_secret_basic',
  })
  provider.on('backchannel.success', (_ctx, _client, sub) => told.push({ sub, ok: true }))
  provider.on('backchannel.error', (_ctx, _error, _client, sub) => told.push({ sub, ok: false }))
  const interact = createInteractions(provider, people)
  const answer = provider.callback()
  server.on('request', (request, response) => {
    void (pathOf(request).startsWith('/interaction/') ? interact(request, response) : answer(request, response))
  })

  const person = (name: string): LabPerson => {
    const found = findPerson(people, name)
    if (!found) throw new Error(`nobody is called ${name}: there are ${people.map((one) => one.name).join(', ')}`)
    return found
  }
  return {
    issuer,
    client,
    people,
    person,
    codeFor: (name) => {
      const { totp } = person(name)
      if (!totp) throw new Error(`${name} has no second factor`)
      return totp.generate()
    },
    toldOfSignOut: () => [...told],
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
