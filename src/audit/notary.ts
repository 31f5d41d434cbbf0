import { existsSync } from 'node:fs'
import { mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, toIso } from '../kernel/clock.ts'
import { syncDirectory } from '../kernel/durable-file.ts'
import { GENESIS, lineHash } from '../kernel/hash-chain.ts'
import type { Signer } from '../kernel/signer.ts'
import { listDayFiles, listWriters, readLines } from './chain-files.ts'
import { type CheckpointHead, parseCheckpoint, signCheckpoint } from './checkpoint.ts'
import { parseRecord } from './record.ts'
import type { Fault } from './verify-trail.ts'

export const CHECKPOINTS = 'checkpoints.jsonl'
export const PUBLIC_KEY = 'public-key.pem'

/** What a round of the notary came to. A fault is never signed over: the alarm is the answer. */
export type NotaryOutcome = { signed: boolean; heads: CheckpointHead[]; faults: Fault[] }

/**
 * Reads the heads from the stored trail, never from the writers, and signs them when each chain goes on from where it was last signed.
 * Remembers where it stopped in each file, so that a round costs what was written since.
 */
export function createNotary(options: { trail: string; checkpoints: string; signer: Signer; clock: Clock }) {
  const { signer, clock } = options
  const path = join(options.checkpoints, CHECKPOINTS)
  let known: { prev: string; heads: Map<string, CheckpointHead> } | undefined

  const load = async () => {
    await mkdir(options.checkpoints, { recursive: true, mode: 0o700 })
    const keyFile = join(options.checkpoints, PUBLIC_KEY)
    if (!existsSync(keyFile)) {
      const file = await open(keyFile, 'wx', 0o644)
      await file.writeFile(await signer.publicKey())
      await file.sync()
      await file.close()
    }
    const lines = existsSync(path) ? (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '') : []
    const last = lines.at(-1)
    const checkpoint = last === undefined ? undefined : parseCheckpoint(last)
    return {
      prev: last === undefined ? GENESIS : lineHash(last),
      heads: new Map((checkpoint?.heads ?? []).map((head) => [head.writer, head])),
    }
  }

  return async function notarise(): Promise<NotaryOutcome> {
    known ??= await load()
    const faults: Fault[] = []
    const heads: CheckpointHead[] = []
    for (const writer of new Set([...listWriters(options.trail), ...known.heads.keys()])) {
      const before = known.heads.get(writer)
      const { head, fault } = await follow(options.trail, writer, before)
      if (fault) faults.push(fault)
      if (head) heads.push(head)
    }
    heads.sort((a, b) => (a.writer < b.writer ? -1 : 1))
    const news = heads.some((head) => known?.heads.get(head.writer)?.seq !== head.seq)
    if (faults.length > 0 || !news) return { signed: false, heads, faults }
    const line = await signCheckpoint(signer, { at: toIso(clock.now()), heads, prev: known.prev })
    const file = await open(path, 'a', 0o600)
    try {
      await file.appendFile(`${line}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await syncDirectory(options.checkpoints)
    known = { prev: lineHash(line), heads: new Map(heads.map((head) => [head.writer, head])) }
    return { signed: true, heads, faults }
  }
}

/** Walks one chain from the last signed head to its end. */
async function follow(
  directory: string,
  writer: string,
  before: CheckpointHead | undefined,
): Promise<{ head?: CheckpointHead; fault?: Fault }> {
  let seq = 0
  let hash = GENESIS
  let passed = before === undefined
  const files = listWriters(directory).includes(writer) ? listDayFiles(directory, writer) : []
  for await (const line of readLines(files)) {
    const where = { file: line.file, line: line.number, writer }
    const record = parseRecord(line.text)
    if (!record) return { fault: { ...where, seq: seq + 1, code: 'not-a-record', message: 'the line is no record' } }
    if (record.seq !== seq + 1 || record.prev !== hash) {
      return {
        fault: {
          ...where,
          seq: record.seq,
          code: 'broken-chain',
          message: 'the record does not follow the one before',
        },
      }
    }
    seq = record.seq
    hash = lineHash(line.text)
    if (before && seq === before.seq) {
      passed = hash === before.hash
      if (!passed) {
        return { fault: { ...where, seq, code: 'changed', message: 'the record is not the one that was signed' } }
      }
    }
  }
  if (!passed) {
    const message = `records after ${seq} are gone; ${before?.seq} were signed`
    return { fault: { file: join(directory, writer), line: 0, writer, seq: seq + 1, code: 'tail-cut', message } }
  }
  return seq > 0 ? { head: { writer, seq, hash } } : {}
}
