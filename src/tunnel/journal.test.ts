import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { processStart } from '../kernel/process-start.ts'
import { isHeld, type JournalEntry, openJournal } from './journal.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const entry: JournalEntry = {
  v: 1,
  lease: {
    id: 'lease-0123456789ab',
    environment: 'customer-a',
    scope: { tenant: 'default', partition: 'aws', account: '111122223333', region: 'eu-west-1' },
    owner: 'ada',
    startedAt: 1,
    until: 2,
    leased: ['10.0.0.0/16'],
  },
  holder: { pid: process.pid, start: processStart(process.pid) },
  requests: [{ MinCount: 1, MaxCount: 1, ClientToken: 'lease-0123456789ab-1', UserData: 'IyE=' }],
}

test('what was written is read back, and a lease that ended is gone', async () => {
  const journal = openJournal(join(folder, 'leases'))
  expect(await journal.list()).toEqual({ entries: [], torn: [] })
  await journal.write(entry)
  await journal.write({ ...entry, instanceId: 'i-1' })
  expect(await journal.list()).toEqual({ entries: [{ ...entry, instanceId: 'i-1' }], torn: [] })
  await journal.remove(entry.lease.id)
  expect((await journal.list()).entries).toEqual([])
})

test('a torn file is named, and hides no other', async () => {
  const journal = openJournal(folder)
  await journal.write(entry)
  writeFileSync(join(folder, 'lease-ffffffffffff.json'), '{"v":1,"lease"')
  const { entries, torn } = await journal.list()
  expect(entries).toHaveLength(1)
  expect(torn).toEqual([join(folder, 'lease-ffffffffffff.json')])
})

test('an environment is claimed by one at a time, until it lets go or dies', async () => {
  const journal = openJournal(join(folder, 'leases'))
  const me = { pid: process.pid, start: processStart(process.pid) }
  const letGo = await journal.claim('customer-a', me)
  expect(await journal.claim('customer-a', me)).toBeUndefined()
  expect(await journal.claim('customer-b', me)).toBeDefined()
  await letGo?.()
  expect(await journal.claim('customer-a', { pid: process.pid, start: 'dead' })).toBeDefined()
  expect(await journal.claim('customer-a', me)).toBeDefined()
  expect(await journal.claim('customer-a', me)).toBeUndefined()
  writeFileSync(join(folder, 'leases', 'customer-b.claim'), '')
  expect(await journal.claim('customer-b', me)).toBeDefined()
  expect(await journal.list()).toEqual({ entries: [], torn: [] })
})

test('a lease that ends while the journal is read is none of it', async () => {
  const journal = openJournal(folder)
  await journal.write(entry)
  // Listed, and gone when it is opened.
  symlinkSync(join(folder, 'nowhere'), join(folder, 'lease-ffffffffffff.json'))
  expect(await journal.list()).toEqual({ entries: [entry], torn: [] })
})

test('a journal that cannot be written stops the launch before it costs anything', async () => {
  writeFileSync(join(folder, 'file'), '')
  await expect(openJournal(join(folder, 'file')).write(entry)).rejects.toMatchObject({
    code: 'TUNNEL_JOURNAL_UNWRITABLE',
  })
})

test('a lease is held by the process that began it, not by another that was given its id', () => {
  expect(isHeld(entry)).toBe(true)
  expect(isHeld({ ...entry, holder: { pid: process.pid, start: '1' } })).toBe(false)
  expect(isHeld({ ...entry, holder: { pid: 2 ** 22 + 1, start: '1' } })).toBe(false)
})
