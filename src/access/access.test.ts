import { afterEach, describe, expect, test } from 'vitest'
import { type Clock, systemClock } from '../kernel/clock.ts'
import type { Person } from '../model/person.ts'
import { policyKey } from '../policy/policy-key.ts'
import { type PolicySet, parsePolicies } from '../policy/policy-set.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { createAccess } from './access.ts'
import { factsOf, rekeyConnections } from './policy-keys.ts'

const policies = parsePolicies([
  {
    name: 'team.cedar',
    text: `
permit (principal in Enchilada::Group::"engineer", action, resource is Enchilada::Instance) when { context.mfa };
permit (principal in Enchilada::Group::"web", action == Enchilada::Action::"list", resource)
when { resource.hasTag("team") && resource.getTag("team") == "web" };
permit (principal, action == Enchilada::Action::"play", resource) when { resource.owner == principal };
permit (principal in Enchilada::Group::"auditor", action == Enchilada::Action::"play", resource);`,
  },
])

const person = (groups: string[], mfa = true): Person => ({ id: 'ada', name: 'Ada', groups, mfa, authenticatedAt: 0 })

const stores: Store[] = []
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
})

async function world(judgedBy: PolicySet = policies, clock: Clock = systemClock) {
  const store = await openSqlite(':memory:')
  stores.push(store)
  const access = createAccess({ store, policies: judgedBy, clock })
  const add = async (id: string, tags: Record<string, string>) => {
    const row = {
      id,
      scope: 'acme/aws/111122223333/eu-west-1',
      tenant: 'acme',
      account: '111122223333',
      region: 'eu-west-1',
      instance_id: `i-${id}`,
      protocol: 'ssh',
      port: 22,
      name: id,
      group_path: '["Prod"]',
      network: 'direct',
      user_name: null,
      credential: null,
      instance_state: 'running',
      instance: JSON.stringify({ tags }),
      search: id,
      fingerprint: '',
      updated_at: 0,
    }
    const policy_key = policyKey(factsOf(row), judgedBy.mentions)
    await store.db
      .insertInto('connections')
      .values({ ...row, policy_key })
      .execute()
  }
  const seenBy = async (who: Person, action?: 'list' | 'play' | 'play-own') => {
    const rows = await store.db
      .selectFrom('connections')
      .innerJoin('visibility', 'visibility.policy_key', 'connections.policy_key')
      .where('visibility.reader', 'in', await access.readersOf(who, action))
      .select('connections.id')
      .orderBy('connections.id')
      .execute()
    return rows.map((row) => row.id)
  }
  return { store, access, add, seenBy }
}

describe('access', () => {
  test('a list shows what could be allowed, no more', async () => {
    const { access, add, seenBy } = await world()
    await add('a', { team: 'web' })
    await add('b', {})
    await access.connectionsChanged()
    expect(await seenBy(person(['engineer']))).toEqual(['a', 'b'])
    expect(await seenBy(person(['web']))).toEqual(['a'])
    expect(await seenBy(person([]))).toEqual([])
  })

  test('a connection that comes later appears to who is known already', async () => {
    const { access, add, seenBy } = await world()
    expect(await seenBy(person(['web']))).toEqual([])
    await add('a', { team: 'web' })
    await access.connectionsChanged()
    expect(await seenBy(person(['web']))).toEqual(['a'])
  })

  test('recordings: the own and those of others', async () => {
    const { access, add, seenBy } = await world()
    await add('a', {})
    await access.connectionsChanged()
    expect(await seenBy(person([]), 'play-own')).toEqual(['a'])
    expect(await seenBy(person([]), 'play')).toEqual([])
    expect(await seenBy(person(['auditor']), 'play')).toEqual(['a'])
  })

  test('connect asks again, and says when only the second factor is missing', async () => {
    const { access } = await world()
    const facts = { tenant: 't', account: '1', region: 'r', group: ['Prod'], protocol: 'ssh', tags: {} }
    expect(access.may(person(['engineer']), { action: 'connect', facts })).toMatchObject({ allowed: true })
    expect(access.may(person(['engineer'], false), { action: 'connect', facts })).toMatchObject({
      error: { code: 'ACCESS_NEEDS_MFA' },
    })
    expect(access.may(person(['web']), { action: 'connect', facts })).toMatchObject({
      error: { code: 'ACCESS_DENIED' },
    })
  })

  test('other policies judge from the moment they are in force, for lists too', async () => {
    const { store, access, add, seenBy } = await world()
    await add('a', { team: 'web' })
    await access.connectionsChanged()
    expect(await seenBy(person(['web']))).toEqual(['a'])
    let told = 0
    const stop = access.onPolicies(() => {
      told += 1
    })
    const other = 'permit (principal in Enchilada::Group::"db", action == Enchilada::Action::"list", resource);'
    access.use(parsePolicies([{ name: 'team.cedar', text: other }]))
    stop()
    expect(told).toBe(1)
    await rekeyConnections(store, access.policies().mentions)
    await access.connectionsChanged()
    expect([await seenBy(person(['web'])), await seenBy(person(['db']))]).toEqual([[], ['a']])
    access.use(policies)
    expect(told).toBe(1)
    await rekeyConnections(store, policies.mentions)
    expect(await seenBy(person(['web']))).toEqual(['a'])
  })

  test('who did not ask for two days is forgotten, and judged anew when they come back', async () => {
    let now = 0
    const { store, access, add, seenBy } = await world(policies, { ...systemClock, now: () => now })
    await add('a', { team: 'web' })
    now = 100 * 3_600_000
    await access.connectionsChanged()
    await seenBy(person(['web']))
    now += 49 * 3_600_000
    await seenBy(person(['engineer']))
    expect(await store.db.selectFrom('readers').select('reader').execute()).toHaveLength(1)
    expect(await seenBy(person(['web']))).toEqual(['a'])
  })

  test('other policies, other keys', async () => {
    const { store, add } = await world(parsePolicies([]))
    await add('a', { team: 'web' })
    expect(await rekeyConnections(store, policies.mentions)).toBe(1)
    expect(await rekeyConnections(store, policies.mentions)).toBe(0)
  })
})
