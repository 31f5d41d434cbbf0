import { codeOf, findPerson, makePeople } from '../idp/people.ts'
import type { Visitor } from './browser.ts'

/** Signs somebody in as they would: the portal's own button, then the identity provider's pages. */
export async function signIn({ name, page }: Visitor, portal: string, seed: string): Promise<void> {
  const person = findPerson(makePeople(seed), name)
  if (!person) throw new Error(`nobody is called ${name}`)
  await page.goto(portal)
  await page
    .getByRole('link', { name: 'Sign in' })
    .or(page.getByRole('button', { name: 'Sign in' }))
    .first()
    .click()
  await page.getByLabel('User name').fill(person.name)
  await page.getByLabel('Password').fill(person.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByLabel('One-time code').fill(codeOf(seed, name) ?? '')
  await page.getByRole('button', { name: 'Verify' }).click()
  await page.waitForURL((url) => url.origin === new URL(portal).origin)
}
