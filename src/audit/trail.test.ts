import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Clock } from '../kernel/clock.ts'
import { lineHash } from '../kernel/hash-chain.ts'
import { silentLog } from '../kernel/log.ts'
import { openSigningKey } from '../kernel/signing-key.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { fileRecords } from './chain-files.ts'
import { fileCheckpoints } from './checkpoint-store.ts'
import { listRecords } from './list-records.ts'
import { createNotary } from './notary.ts'
import { openTrail } from './trail.ts'
import { verifyTrail } from './verify-trail.ts'

let folder: string
let trail: string
let anchor: string
let now: number
const clock: Clock = { now: () => now, sleep: async () => undefined }

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'enchilada-audit-'))
  trail = join(folder, 'trail')
  anchor = join(folder, 'checkpoints')
  now = Date.UTC(2026, 10, 23, 23, 59)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const event = (n: number, kind: AuditEvent['kind'] = 'session.connected'): AuditEvent => ({
  kind,
  actor: `person-${n % 3}`,
  subject: `connection-${n}`,
  source: 'fact',
  data: { n, nested: { b: 1, a: [n] } },
})

const open = (writer = 'node-1') => openTrail({ directory: trail, writer, clock, log: silentLog })

async function write(count: number, writer?: string) {
  const it = await open(writer)
  for (let n = 0; n < count; n += 1) {
    now += 1000
    await it.record(event(n))
  }
  await it.close()
}

const notary = async () =>
  createNotary({
    records: fileRecords(trail),
    checkpoints: fileCheckpoints(anchor),
    signer: await openSigningKey(join(folder, 'key.pem')),
    clock: { ...clock, now: () => now + 10_000 },
  })

const files = (writer = 'node-1') => readdirSync(join(trail, writer)).map((name) => join(trail, writer, name))
const edit = (path: string, change: (lines: string[]) => string[]) =>
  writeFileSync(path, `${change(readFileSync(path, 'utf8').trimEnd().split('\n')).join('\n')}\n`)

describe('the trail', () => {
  test('chains over midnight and over restarts, without a gap or a duplicate', async () => {
    await write(70)
    await write(70)
    expect(files()).toHaveLength(2)
    const { ok, records } = await verifyTrail({ directory: trail })
    expect({ ok, records }).toEqual({ ok: true, records: 140 })
  })

  test('records that wait together keep their order', async () => {
    const it = await open()
    await Promise.all([...Array(50).keys()].map((n) => it.record(event(n))))
    await it.close()
    const { items } = await listRecords(trail, {}, { limit: 100 })
    expect(items.map((record) => record.seq)).toEqual([...Array(50).keys()].map((n) => 50 - n))
    expect(items.at(-1)?.data?.['n']).toBe(0)
  })

  test('a line torn by a power cut is cut off, and the chain goes on', async () => {
    await write(3)
    appendFileSync(files()[0] ?? '', '{"v":1,"writer":"node-1","se')
    await write(2)
    expect(await verifyTrail({ directory: trail })).toMatchObject({ ok: true, records: 5 })
  })

  test('a folder that cannot be written is a coded refusal, and nothing is lost when it comes back', async () => {
    writeFileSync(join(folder, 'trail'), 'a file where the folder should be')
    await expect(open()).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' })
    rmSync(join(folder, 'trail'))
    await write(1)
    expect(await verifyTrail({ directory: trail })).toMatchObject({ ok: true, records: 1 })
  })

  test('a full disk refuses, and the chain goes on without a gap when there is room again', async () => {
    const it = await open()
    await it.record(event(1))
    now += 86_400_000
    const next = join(trail, 'node-1', '2026-11-24.jsonl')
    symlinkSync('/dev/full', next)
    await expect(it.record(event(2))).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' })
    expect(it.state()).toMatchObject({ writable: false, seq: 1 })
    rmSync(next)
    writeFileSync(next, '{"half":')
    await it.record(event(3))
    expect(it.state()).toEqual({ writable: true, seq: 2 })
    await it.close()
    expect(await verifyTrail({ directory: trail })).toMatchObject({ ok: true, records: 2 })
  })

  test('a clock set back neither reorders the chain nor reopens an older file', async () => {
    await write(1)
    now += 86_400_000
    await write(1)
    now -= 2 * 86_400_000
    await write(1)
    expect(files()).toHaveLength(2)
    expect(await verifyTrail({ directory: trail })).toMatchObject({ ok: true, records: 3 })
  })

  test('two writers under one name are noticed, not interleaved', async () => {
    const one = await open()
    await one.record(event(1))
    const two = await open()
    await two.record(event(2))
    await expect(one.record(event(3))).rejects.toMatchObject({ code: 'AUDIT_NOT_CONTINUED' })
    await Promise.all([one.close(), two.close()])
    expect(await verifyTrail({ directory: trail })).toMatchObject({ ok: true, records: 2 })
  })

  test('odd text, odd numbers and sheer size do not cost a record', async () => {
    const it = await open()
    const odd = { separator: 'a\u2028b\u2029c\rd', half: '\ud800', n: Number.NaN, big: 12n, none: undefined }
    await it.record({ ...event(1), subject: 'x'.repeat(10_000), data: odd })
    await it.record({ ...event(2), data: { text: 'y'.repeat(300_000) } })
    await it.close()
    expect(await verifyTrail({ directory: trail })).toMatchObject({ ok: true, records: 2 })
    const { items } = await listRecords(trail, {}, { limit: 2 })
    expect(items[1]?.data).toEqual({ separator: odd.separator, half: '\ufffd', n: null, big: '12' })
    expect(items[0]?.data).toMatchObject({ cut: true, bytes: 300_011 })
  })

  test.each(['../x', '', 'a/b', '.hidden'])('a writer may not be called %j', async (name) => {
    await expect(open(name)).rejects.toMatchObject({ code: 'AUDIT_NOT_CONTINUED' })
  })

  test('lists newest first, filtered, page by page, over writers', async () => {
    await write(40, 'node-1')
    now = Date.UTC(2026, 10, 23, 23, 59)
    await write(40, 'node-2')
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await listRecords(trail, { actor: 'person-1' }, { limit: 7, cursor })
      seen.push(...page.items.map(({ writer, seq }) => `${writer}/${seq}`))
      cursor = page.nextCursor
    } while (cursor !== undefined)
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).toHaveLength(26)
  })
})

describe('checkpoints', () => {
  test('cover what was written and tell until when', async () => {
    const notarise = await notary()
    await write(5)
    expect((await notarise()).signed).toBe(true)
    expect((await notarise()).signed).toBe(false)
    await write(5)
    expect(await (await notary())()).toMatchObject({ signed: true, faults: [] })
    expect(await verifyTrail({ directory: trail, anchor })).toMatchObject({ ok: true, records: 10 })
  })

  test('the notary does not sign over a change', async () => {
    const notarise = await notary()
    await write(5)
    await notarise()
    forgeChain(files()[0] ?? '', 1)
    await write(1)
    const { signed, faults } = await notarise()
    expect(signed).toBe(false)
    expect(faults[0]).toMatchObject({ code: 'changed' })
  })

  test('a checkpoint of another key is forged', async () => {
    await write(2)
    await (await notary())()
    const path = join(anchor, 'checkpoints.jsonl')
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"seq":2/, '"seq":1'))
    expect((await verifyTrail({ directory: trail, anchor })).faults[0]).toMatchObject({ code: 'checkpoint-forged' })
  })

  test('what is written after a round is counted as not yet signed', async () => {
    await write(3)
    await (await notary())()
    await write(2)
    expect(await verifyTrail({ directory: trail, anchor })).toMatchObject({ ok: true, records: 5, unsigned: 2 })
  })

  test('the youngest records are left for the next round', async () => {
    await write(3)
    const notarise = await notary()
    now -= 10_000
    const { heads } = await notarise()
    now += 10_000
    expect(heads).toEqual([])
    expect((await notarise()).heads).toMatchObject([{ writer: 'node-1', seq: 3 }])
  })

  test('a checkpoint torn by a power cut is replaced', async () => {
    await write(2)
    await (await notary())()
    appendFileSync(join(anchor, 'checkpoints.jsonl'), '{"at":"2026')
    await write(2)
    expect((await (await notary())()).signed).toBe(true)
    expect(await verifyTrail({ directory: trail, anchor })).toMatchObject({ ok: true, records: 4, unsigned: 0 })
  })

  test('a line being written is not read', async () => {
    mkdirSync(join(trail, 'node-1'), { recursive: true })
    await write(2)
    appendFileSync(files()[0] ?? '', '{"v":1')
    expect(await verifyTrail({ directory: trail })).toMatchObject({ ok: true, records: 2 })
  })

  test('without checkpoints nothing is proven', async () => {
    await write(2)
    expect((await verifyTrail({ directory: trail, anchor })).faults[0]).toMatchObject({ code: 'no-checkpoints' })
  })
})

/** Changes record `at` and recomputes every hash after it: a chain alone cannot see that. */
function forgeChain(path: string, at: number) {
  edit(path, (lines) => {
    let prev: string | undefined
    return lines.map((line, n) => {
      const record = JSON.parse(line)
      if (n === at) record.actor = 'somebody-else'
      if (prev !== undefined && n > at) record.prev = prev
      const text = n < at ? line : JSON.stringify(record)
      prev = lineHash(text)
      return text
    })
  })
}

describe('a forger', () => {
  beforeEach(async () => {
    await write(20)
    await (await notary())()
    expect(existsSync(join(anchor, 'checkpoints.jsonl'))).toBe(true)
  })

  test.each<[string, (lines: string[]) => string[], string, number]>([
    ['changes a byte', (l) => l.map((x, n) => (n === 4 ? x.replace('person-1', 'person-2') : x)), 'broken-chain', 6],
    ['drops a record', (l) => l.filter((_, n) => n !== 7), 'broken-chain', 8],
    ['cuts the tail', (l) => l.slice(0, 15), 'tail-cut', 16],
    ['swaps two records', (l) => l.map((x, n) => l[n === 3 ? 4 : n === 4 ? 3 : n] ?? x), 'broken-chain', 4],
    ['doubles a record', (l) => l.flatMap((x, n) => (n === 2 ? [x, x] : [x])), 'broken-chain', 4],
    ['writes rubbish', (l) => l.map((x, n) => (n === 2 ? 'rubbish' : x)), 'not-a-record', 3],
  ])('who %s is found', async (_what, change, code, seq) => {
    edit(files()[0] ?? '', change)
    expect((await verifyTrail({ directory: trail, anchor })).faults[0]).toMatchObject({ code, seq })
  })

  test('who changes a record and recomputes all hashes is found by the checkpoint', async () => {
    forgeChain(files()[0] ?? '', 4)
    expect(await verifyTrail({ directory: trail })).toMatchObject({ ok: true })
    expect((await verifyTrail({ directory: trail, anchor })).faults[0]).toMatchObject({ code: 'changed', seq: 20 })
  })

  test.each([
    ['is not ended by a line feed', 'node-1', ''],
    ['stands with another writer', 'cli-host-ada', '\n'],
  ])('whose record %s shows it in no list either', async (_what, folderOf, end) => {
    const [first = ''] = readFileSync(files()[0] ?? '', 'utf8').split('\n')
    const path = join(trail, folderOf, basename(files()[0] ?? ''))
    mkdirSync(join(trail, folderOf), { recursive: true })
    appendFileSync(path, `${JSON.stringify({ ...JSON.parse(first), actor: 'somebody-else' })}${end}`)
    const { items } = await listRecords(trail, {}, { limit: 100 })
    expect(items).toHaveLength(20)
    expect(items.map(({ actor }) => actor)).not.toContain('somebody-else')
  })

  test('who removes a writer altogether is found', async () => {
    rmSync(join(trail, 'node-1'), { recursive: true })
    expect((await verifyTrail({ directory: trail, anchor })).faults[0]).toMatchObject({ code: 'tail-cut', seq: 1 })
  })
})
