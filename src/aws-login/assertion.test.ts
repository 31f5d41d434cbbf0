import { expect, test } from 'vitest'
import { hasCode } from '../kernel/errors.ts'
import { readAssertion } from './assertion.ts'
import { chooseRole } from './choose-role.ts'
import { loginErrors } from './errors.ts'

const role = 'arn:aws:iam::111122223333:role/path/Engineer'
const provider = 'arn:aws:iam::111122223333:saml-provider/Company'

function responseWith(...values: string[]): string {
  const xml = `<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion">
    <a:Assertion><a:AttributeStatement>
      <a:Attribute Name="displayName"><a:AttributeValue>Žofie 愛</a:AttributeValue></a:Attribute>
      <a:Attribute Name="https://aws.amazon.com/SAML/Attributes/Role">
        ${values.map((value) => `<a:AttributeValue>${value}</a:AttributeValue>`).join('')}
      </a:Attribute>
    </a:AttributeStatement></a:Assertion></p:Response>`
  return Buffer.from(xml).toString('base64')
}

const codeOf = (work: () => unknown) => {
  try {
    work()
    return 'fine'
  } catch (error) {
    return Object.values(loginErrors).find((factory) => hasCode(error, factory))?.code
  }
}

test('a role and its provider come in either order, with spaces and a path', () => {
  const expected = { roleArn: role, providerArn: provider, account: '111122223333', name: 'Engineer' }
  expect(readAssertion(responseWith(`${role},${provider}`, `${provider}, ${role}`)).roles).toEqual([expected, expected])
  expect(readAssertion(responseWith('nonsense', role)).roles).toEqual([])
})

test('the response does not print', () => {
  expect(JSON.stringify(readAssertion(responseWith(`${role},${provider}`)))).not.toContain('PHA6')
})

test('what is no response is refused with its reason', () => {
  expect(codeOf(() => readAssertion('<xml/>'))).toBe('LOGIN_ASSERTION_UNREADABLE')
  expect(codeOf(() => readAssertion(Buffer.from('<a>').toString('base64')))).toBe('LOGIN_ASSERTION_UNREADABLE')
  expect(codeOf(() => readAssertion(Buffer.from('<html/>').toString('base64')))).toBe('LOGIN_ASSERTION_UNREADABLE')
  expect(codeOf(() => readAssertion('A'.repeat(100_001)))).toBe('LOGIN_ASSERTION_TOO_LARGE')
  expect(codeOf(() => readAssertion(`${responseWith(`${role},${provider}`)}\n`))).toBe('fine')
})

test('one role is taken, one named is taken, several without a terminal are not guessed', async () => {
  const one = { roleArn: role, providerArn: provider, account: '111122223333', name: 'Engineer' }
  const same = { ...one, roleArn: 'arn:aws:iam::444455556666:role/Engineer', account: '444455556666' }
  expect(await chooseRole([one], undefined, undefined)).toBe(one)
  expect(await chooseRole([one, same], same.roleArn, undefined)).toBe(same)
  expect(await chooseRole([one, same], 'Engineer', async ([, second]) => second ?? one)).toBe(same)
  await expect(chooseRole([one, same], 'Engineer', undefined)).rejects.toMatchObject({ code: 'LOGIN_ROLE_AMBIGUOUS' })
  await expect(chooseRole([one], 'Admin', undefined)).rejects.toMatchObject({ code: 'LOGIN_ROLE_UNKNOWN' })
  await expect(chooseRole([], undefined, undefined)).rejects.toMatchObject({ code: 'LOGIN_NO_ROLE' })
})
