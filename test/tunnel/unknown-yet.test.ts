import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Clock } from '../../src/kernel/clock.ts'
import type { JournalEntry } from '../../src/tunnel/journal.ts'
import { openTunnel } from '../../src/tunnel/open-tunnel.ts'
import { settle } from '../../src/tunnel/settle.ts'
import { openStage } from './stage.ts'

const HOUR = 3_600_000

let stage: Awaited<ReturnType<typeof openStage>>
beforeAll(async () => {
  stage = await openStage()
}, 60_000)
afterEach(() => stage.aws.lab.setFaults([]))
afterAll(() => stage.close())

/** Whoever sleeps finds that so much time went by. */
function leapingClock(): Clock & { slept(): number } {
  const begun = Date.now()
  let slept = 0
  return {
    now: () => begun + slept,
    async sleep(ms) {
      slept += ms
    },
    slept: () => slept,
  }
}

/** EC2 says of an id that it made that it does not know it. */
const unknown = (count?: number) =>
  stage.aws.lab.setFaults([
    {
      action: 'TerminateInstances',
      code: 'InvalidInstanceID.NotFound',
      status: 400,
      ...(count !== undefined && { count }),
    },
  ])

/** A process that was killed after its tunnel was open, or before it could send its request; and what its machine's next run does. */
async function killed(when: 'open' | 'launching') {
  const machine = stage.laptop(when === 'open' ? {} : { dies: { when: 'before', to: 'AWS', n: 2 } })
  await Promise.race([openTunnel(machine.parts, stage.wish, machine.signal), machine.dead])
  const [entry] = (await machine.onDisk.list()).entries
  if (!entry) throw new Error('the journal has no entry')
  const clock = leapingClock()
  return {
    young: entry,
    old: { ...entry, lease: { ...entry.lease, startedAt: entry.lease.startedAt - HOUR } },
    async settle(one: JournalEntry) {
      await stage.aws.lab.resetStats()
      await settle({ ...machine.restart(), clock }, one, 'holder-died')
      const { calls } = await stage.aws.lab.stats()
      const asked = calls
        .filter(({ action }) => action === 'TerminateInstances')
        .reduce((sum, { calls: n }) => sum + n, 0)
      const alive = (await stage.aws.lab.instances()).filter(({ tags }) => tags['enchilada:lease'] === one.lease.id)
      const states = alive.map(({ state }) => state.replace('shutting-down', 'terminated'))
      machine.remove()
      return { asked, sleptMs: clock.slept(), states }
    },
  }
}

test('a server that EC2 does not know yet is ended all the same', async () => {
  const machine = await killed('open')
  await unknown(3)
  expect(await machine.settle(machine.young)).toEqual({ asked: 4, sleptMs: 1_500, states: ['terminated'] })
})

test('so is one that the same request again made just now, however old its lease is', async () => {
  const machine = await killed('launching')
  await unknown(3)
  expect(await machine.settle(machine.old)).toEqual({ asked: 4, sleptMs: 1_500, states: ['terminated'] })
})

test('that AWS forgot a server that ended long ago is believed at once', async () => {
  const machine = await killed('open')
  await unknown()
  expect(await machine.settle(machine.old)).toMatchObject({ asked: 1, sleptMs: 0 })
})

test('that AWS knows nothing of a young one is believed in the end', async () => {
  const machine = await killed('open')
  await unknown()
  expect(await machine.settle(machine.young)).toMatchObject({ asked: 31, sleptMs: 15_000 })
})
