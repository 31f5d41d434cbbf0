import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type Provider from 'oidc-provider'
import { codePage, faultPage, passwordPage } from './pages.ts'
import { findPerson, type LabPerson } from './people.ts'

/** What a person gave in one visit: the password is right, the code is still due. */
type Halfway = { person: LabPerson; wrongCodes: number }

const WRONG_CODES = 5

/** Password, then TOTP, then back to the client. Answers everything under `/interaction/`. */
export function createInteractions(provider: Provider, people: readonly LabPerson[]) {
  const halfway = new Map<string, Halfway>()

  const finish = (request: IncomingMessage, response: ServerResponse, person: LabPerson, amr: string[]) =>
    provider.interactionFinished(
      request,
      response,
      { login: { accountId: person.name, amr, acr: amr.includes('otp') ? 'urn:lab:mfa' : 'urn:lab:password' } },
      { mergeWithLastSubmission: false },
    )

  async function takePassword(request: IncomingMessage, response: ServerResponse, uid: string, form: URLSearchParams) {
    const person = findPerson(people, form.get('username') ?? '')
    if (!person || person.password !== form.get('password')) {
      return send(
        response,
        401,
        passwordPage(`/interaction/${uid}/password`, 'The user name or the password is wrong.'),
      )
    }
    if (!person.totp) return finish(request, response, person, ['pwd'])
    halfway.set(uid, { person, wrongCodes: 0 })
    return send(response, 200, codePage(`/interaction/${uid}/code`, person.name))
  }

  async function takeCode(request: IncomingMessage, response: ServerResponse, uid: string, form: URLSearchParams) {
    const visit = halfway.get(uid)
    if (!visit) return send(response, 200, passwordPage(`/interaction/${uid}/password`))
    const { person } = visit
    if (person.totp?.validate({ token: form.get('code') ?? '', window: 1 }) != null) {
      halfway.delete(uid)
      return finish(request, response, person, ['pwd', 'otp'])
    }
    visit.wrongCodes += 1
    if (visit.wrongCodes < WRONG_CODES) {
      return send(response, 401, codePage(`/interaction/${uid}/code`, person.name, 'The code is wrong.'))
    }
    halfway.delete(uid)
    return send(response, 401, passwordPage(`/interaction/${uid}/password`, 'Too many wrong codes: start again.'))
  }

  return async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const step = /^\/interaction\/[^/]+(?:\/(password|code))?$/.exec(pathOf(request))?.[1]
    try {
      // Read from the visitor's cookie, which the address alone does not give: nobody finishes another's visit.
      const { uid } = await provider.interactionDetails(request, response)
      if (request.method !== 'POST') return send(response, 200, passwordPage(`/interaction/${uid}/password`))
      const form = new URLSearchParams(await text(request))
      await (step === 'code' ? takeCode : takePassword)(request, response, uid, form)
    } catch (error) {
      const reason = error instanceof Error && error.name === 'SessionNotFound' ? 'This visit is over' : String(error)
      send(response, 400, faultPage(`${reason}. Go back to the application and sign in again.`))
    }
  }
}

export const pathOf = (request: IncomingMessage): string => (request.url ?? '/').split('?')[0] ?? '/'

function send(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(html)
}
