import type { Person } from '../model/person.ts'
import { authenticatedAt, hasSecondFactor } from './second-factor.ts'
import type { SignInSettings } from './settings.ts'

export type Claims = Readonly<Record<string, unknown>>

export const personId = (issuer: string, subject: string): string => `${issuer} ${subject}`

/** Claims of the ID token, joined by those of the userinfo endpoint where the token lacks them. */
export function personOf(
  claims: Claims,
  settings: Pick<SignInSettings, 'groupsClaim' | 'nameClaims' | 'mfa'>,
  identity: { issuer: string; subject: string },
  now: number,
): Person {
  const name = settings.nameClaims.map((claim) => textOf(claims[claim])).find((text) => text !== undefined)
  const email = textOf(claims['email'])
  return {
    id: personId(identity.issuer, identity.subject),
    name: name ?? identity.subject,
    ...(email === undefined ? {} : { email }),
    groups: groupsOf(claims[settings.groupsClaim]),
    mfa: hasSecondFactor(claims, settings.mfa),
    authenticatedAt: authenticatedAt(claims) ?? now,
  }
}

/** Names are free text of the provider: no control or direction characters, and not endless. */
function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const text = value
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
    .trim()
    .slice(0, 200)
  return text === '' ? undefined : text
}

/** A list, or one name alone; anything else is no group. */
function groupsOf(value: unknown): string[] {
  const list = Array.isArray(value) ? value : [value]
  return [...new Set(list.filter((group) => typeof group === 'string' && group !== ''))]
}
