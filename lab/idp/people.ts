import { createHmac } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'

/** Somebody who can sign in at the lab's identity provider. */
export type LabPerson = {
  name: string
  email: string
  groups: readonly string[]
  password: string
  /** Undefined for who has no second factor. */
  totp: TOTP | undefined
}

const roster = [
  { name: 'ada', groups: ['engineer'] },
  { name: 'bob', groups: ['engineer-workload-1'] },
  { name: 'olga', groups: ['operator'] },
  { name: 'audrey', groups: ['auditor'] },
  { name: 'eve', groups: [] },
  // An engineer by group whom the product must turn away all the same: the provider lets a password do.
  { name: 'dan', groups: ['engineer'], passwordOnly: true },
]

/** The same seed makes the same passwords and TOTP secrets, so that a printed seed repeats a run. */
export function makePeople(seed: string): LabPerson[] {
  const derive = (what: string) => createHmac('sha256', seed).update(what).digest()
  return roster.map(({ name, groups, passwordOnly }) => ({
    name,
    email: `${name}@example.com`,
    groups,
    password: derive(`password ${name}`).toString('base64url').slice(0, 16),
    totp: passwordOnly
      ? undefined
      : new TOTP({
          issuer: 'Lab identity provider',
          label: name,
          secret: Secret.fromHex(derive(`totp ${name}`).subarray(0, 20).toString('hex')),
        }),
  }))
}

export function findPerson(people: readonly LabPerson[], name: string): LabPerson | undefined {
  return people.find((person) => person.name === name || person.email === name)
}

/** The six digits that are valid now; undefined for who has no second factor, or is nobody. */
export const codeOf = (seed: string, name: string): string | undefined =>
  findPerson(makePeople(seed), name)?.totp?.generate()
