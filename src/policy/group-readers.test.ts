import { expect, test } from 'vitest'
import { groupReaders } from './group-readers.ts'
import { parsePolicies } from './policy-set.ts'

const facts = {
  tenant: 'acme',
  account: '111122223333',
  region: 'eu-west-1',
  group: ['Prod'],
  protocol: 'ssh',
  tags: {},
}
const readersOf = (text: string, more: object = {}) =>
  groupReaders(parsePolicies([{ name: 'a.cedar', text }]))({ ...facts, ...more })
const connect = 'action == Enchilada::Action::"connect"'
const group = (name: string) => `principal in Enchilada::Group::"${name}"`

test('groups get what a member of that group alone could connect to', () => {
  const text = `
    permit (${group('engineers')}, action in [Enchilada::Action::"list", Enchilada::Action::"connect"], resource)
      when { resource.account == "111122223333" };
    permit (principal is Enchilada::Person in Enchilada::Group::"dba", ${connect}, resource)
      when { resource.hasTag("role") && resource.getTag("role") == "db" };
    permit (${group('auditors')}, action == Enchilada::Action::"play", resource);
    forbid (principal, ${connect}, resource) when { resource.group like "Vault/*" };
  `
  expect(readersOf(text)).toEqual(['engineers'])
  expect(readersOf(text, { tags: { role: 'db' } })).toEqual(['dba', 'engineers'])
  expect(readersOf(text, { account: '444455556666' })).toEqual([])
  expect(readersOf(text, { group: ['Vault', 'x'] })).toEqual([])
})

test.each([
  ['a second factor', `permit (${group('a')}, ${connect}, resource) when { context.mfa };`, 'asks how they signed in'],
  ['one person', `permit (principal == Enchilada::Person::"i p", ${connect}, resource);`, 'names one person'],
  ['everybody', `permit (principal, ${connect}, resource);`, 'is for everybody'],
  ['a second group', `permit (${group('a')}, ${connect}, resource) when { ${group('b')} };`, 'asks who it is'],
  ['an exception', `forbid (${group('a')}, ${connect}, resource);`, 'takes from some people'],
  [
    'an exception by its condition',
    `forbid (principal, ${connect}, resource) unless { ${group('a')} };`,
    'asks who it is',
  ],
])('%s is refused with a code that names the policy', (_what, text, why) => {
  const asked = () => readersOf(text)
  expect(asked).toThrow(expect.objectContaining({ code: 'POLICY_BEYOND_GROUPS' }))
  expect(asked).toThrow(`a.cedar#1 ${why}`)
})

test('what does not decide about connecting may say anything', () => {
  const text = `
    permit (${group('a')}, ${connect}, resource);
    permit (principal, action == Enchilada::Action::"play", resource) when { resource.owner == principal };
    permit (${group('b')}, action == Enchilada::Action::"watch", resource) when { context.mfa };
  `
  expect(readersOf(text)).toEqual(['a'])
})
