import { describe, expect, test } from 'vitest'
import { hasCode } from '../kernel/errors.ts'
import { policyErrors } from './errors.ts'
import { parsePolicies } from './policy-set.ts'
import type { Asker, Facts } from './request.ts'

const facts: Facts = {
  tenant: 'acme',
  account: '111122223333',
  region: 'eu-west-1',
  group: ['Prod', 'Web'],
  protocol: 'ssh',
  tags: { env: 'prod' },
}
const asker = (groups: string[], mfa = true): Asker => ({ id: 'p1', name: 'Ada', groups, mfa })

const text = `
@id("engineers")
permit (principal in Enchilada::Group::"engineer", action in [Enchilada::Action::"list", Enchilada::Action::"connect"], resource)
when { context.mfa && resource.hasTag("env") && resource.getTag("env") == "prod" };
permit (principal in Enchilada::Group::"auditor", action == Enchilada::Action::"play", resource)
unless { resource.owner == principal };
forbid (principal, action == Enchilada::Action::"connect", resource) when { resource.group like "Secret/*" };
permit (principal == Enchilada::Person::"p9", action == Enchilada::Action::"audit", resource);
`

describe('a policy set', () => {
  const policies = parsePolicies([{ name: 'team.cedar', text }])

  test('permits by group, tag and second factor, and names the policy', () => {
    expect(policies.decide(asker(['engineer']), { action: 'connect', facts })).toEqual({
      allowed: true,
      policies: ['team.cedar:engineers'],
    })
    expect(policies.decide(asker(['engineer'], false), { action: 'connect', facts }).allowed).toBe(false)
    expect(policies.decide(asker(['engineer']), { action: 'connect', facts: { ...facts, tags: {} } }).allowed).toBe(
      false,
    )
    expect(policies.decide(asker([]), { action: 'list', facts }).allowed).toBe(false)
  })

  test('forbids by group path, whole parts only', () => {
    const secret = { ...facts, group: ['Secret', 'Vault'] }
    const secretive = { ...facts, group: ['Secretive'] }
    expect(policies.decide(asker(['engineer']), { action: 'connect', facts: secret }).allowed).toBe(false)
    expect(policies.decide(asker(['engineer']), { action: 'connect', facts: secretive }).allowed).toBe(true)
  })

  test('knows the owner of a recording', () => {
    const play = (owner: string) => policies.decide(asker(['auditor']), { action: 'play', facts, owner }).allowed
    expect(play('someone')).toBe(true)
    expect(play('p1')).toBe(false)
  })

  test('knows what it mentions', () => {
    expect(policies.mentions).toEqual({ tags: ['env'], persons: ['p9'] })
  })

  test('a tag whose name is computed makes every tag matter', () => {
    const computed =
      'permit (principal, action == Enchilada::Action::"list", resource) when { resource.hasTag(principal.name) };'
    expect(parsePolicies([{ name: 'a.cedar', text: computed }]).mentions.tags).toBe('all')
  })

  test('names every fault at once', () => {
    const parse = () =>
      parsePolicies([
        { name: 'a.cedar', text: 'permit (principal' },
        { name: 'b.cedar', text: 'permit (principal, action, resource) when { resource.colour == "red" };' },
      ])
    expect(parse).toThrow(/a\.cedar.*b\.cedar/s)
    try {
      parse()
    } catch (error) {
      expect(hasCode(error, policyErrors.POLICY_INVALID)).toBe(true)
    }
  })

  test('no policy, no access', () => {
    expect(parsePolicies([]).decide(asker(['engineer']), { action: 'list', facts }).allowed).toBe(false)
  })
})
