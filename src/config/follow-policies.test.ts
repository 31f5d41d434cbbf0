import { beforeEach, describe, expect, test } from 'vitest'
import { createFakeClock, type FakeClock } from '../../test/fixtures/fake-clock.ts'
import { silentLog } from '../kernel/log.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import type { PolicyFile, PolicySet } from '../policy/policy-set.ts'
import { createPolicyFollower, type PolicyFollower } from './follow-policies.ts'

const permit = (group: string): PolicyFile[] => [
  { name: 'a.cedar', text: `permit (principal in Enchilada::Group::"${group}", action, resource);` },
]
const asker = (group: string) => ({ id: 'p', name: 'p', groups: [group], mfa: true })

let clock: FakeClock
let files: () => readonly PolicyFile[]
let inForce: PolicySet | undefined
let events: AuditEvent[]
let settled: number
let trouble: { trail?: boolean; settle?: boolean }
let follower: PolicyFollower

beforeEach(() => {
  clock = createFakeClock()
  files = () => permit('before')
  inForce = undefined
  events = []
  settled = 0
  trouble = {}
  follower = createPolicyFollower({
    subject: 'access policies',
    files: permit('before'),
    read: () => files(),
    prepare: (policies) => {
      if (policies.mentions.persons.length > 0) throw new Error('names one person')
      return () => {
        inForce = policies
      }
    },
    async settle(given) {
      expect(given).toEqual(files())
      if (trouble.settle) throw new Error('the database is away')
      settled += 1
    },
    trail: {
      async record(event) {
        if (trouble.trail) throw new Error('the trail is away')
        events.push(event)
      },
    },
    clock,
    log: silentLog,
  })
})

const allows = (group: string) => inForce?.decide(asker(group), { action: 'audit' }).allowed

/** Runs the loop for so long. */
async function pass(ms: number): Promise<void> {
  const stop = new AbortController()
  const running = follower.run(stop.signal)
  await clock.advance(ms)
  stop.abort()
  await running
}

describe('policy files that change', () => {
  test('are in force when they were seen twice alike, and the trail says which', async () => {
    files = () => permit('after')
    await pass(5_000)
    expect(inForce).toBeUndefined()
    await pass(5_000)
    expect([allows('after'), allows('before')]).toEqual([true, false])
    expect(events).toMatchObject([{ kind: 'policies.changed', data: { policies: inForce?.hash, files: ['a.cedar'] } }])
  })

  test('in the middle of being written are left alone', async () => {
    const drafts = ['', 'permit (principal', permit('after')[0]?.text ?? '']
    files = () => [{ name: 'a.cedar', text: drafts.length > 1 ? (drafts.shift() ?? '') : (drafts[0] ?? '') }]
    await pass(10_000)
    expect([inForce, events]).toEqual([undefined, []])
    await pass(10_000)
    expect(allows('after')).toBe(true)
  })

  test('are in force at once when asked', async () => {
    files = () => permit('after')
    await follower.reload()
    expect(allows('after')).toBe(true)
  })

  test('and are not valid change nothing; that is told once, until they are put right', async () => {
    files = () => [{ name: 'a.cedar', text: 'permit (nobody' }]
    await pass(60_000)
    await follower.reload()
    expect(inForce).toBeUndefined()
    expect(follower.fault()).toContain('a.cedar')
    expect(events).toMatchObject([{ kind: 'policies.refused', data: { reason: expect.stringContaining('a.cedar') } }])
    files = () => permit('before')
    await pass(5_000)
    expect([follower.fault(), inForce]).toEqual([undefined, undefined])
  })

  test('and are not fit for their use change nothing', async () => {
    files = () => [{ name: 'a.cedar', text: 'permit (principal == Enchilada::Person::"p", action, resource);' }]
    await follower.reload()
    expect([inForce, follower.fault()]).toEqual([undefined, 'names one person'])
    expect(events).toMatchObject([{ kind: 'policies.refused' }])
  })

  test('and are not there change nothing', async () => {
    files = () => {
      throw new Error('there is no folder')
    }
    await pass(30_000)
    expect([inForce, follower.fault()]).toEqual([undefined, 'there is no folder'])
    expect(events).toHaveLength(1)
  })

  test('wait for the trail', async () => {
    trouble = { trail: true }
    files = () => permit('after')
    await pass(30_000)
    expect(inForce).toBeUndefined()
    trouble = {}
    await pass(5_000)
    expect(allows('after')).toBe(true)
  })

  test('leave the lists to be put right until that is done, twice', async () => {
    trouble = { settle: true }
    files = () => permit('after')
    await follower.reload()
    expect([allows('after'), settled]).toEqual([true, 0])
    trouble = {}
    await pass(60_000)
    expect(settled).toBe(2)
  })
})
