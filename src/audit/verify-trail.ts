import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GENESIS, lineHash } from '../kernel/hash-chain.ts'
import { type Verifier, verifierOf } from '../kernel/signer.ts'
import { listDayFiles, listWriters, readLines } from './chain-files.ts'
import { type Checkpoint, type CheckpointHead, isGenuine, parseCheckpoint } from './checkpoint.ts'
import { CHECKPOINTS, PUBLIC_KEY } from './notary.ts'
import { parseRecord } from './record.ts'

export type Fault = {
  file: string
  /** 1-based; 0 when it is about the file as a whole. */
  line: number
  writer: string
  seq: number
  code:
    | 'not-a-record'
    | 'broken-chain'
    | 'changed'
    | 'tail-cut'
    | 'checkpoint-unreadable'
    | 'checkpoint-forged'
    | 'checkpoint-order'
    | 'no-checkpoints'
  message: string
}

export type TrailVerification = {
  ok: boolean
  records: number
  /** Time of the last genuine checkpoint; what is younger is chained but not yet signed. */
  coveredUntil?: string
  /** In the order found; the first is the first bad record. */
  faults: Fault[]
}

/** Offline. `anchor` is the folder of the checkpoints with its public key; `publicKey` (PEM) overrides that key. */
export async function verifyTrail(options: {
  directory: string
  anchor?: string
  publicKey?: string
}): Promise<TrailVerification> {
  const signed = options.anchor ? await readCheckpoints(options.anchor, options.publicKey) : undefined
  const faults: Fault[] = [...(signed?.faults ?? [])]
  let records = 0
  for (const writer of new Set([...listWriters(options.directory), ...(signed?.byWriter.keys() ?? [])])) {
    const expected = signed?.byWriter.get(writer) ?? []
    const outcome = await verifyChain(options.directory, writer, expected)
    records += outcome.records
    if (outcome.fault) faults.push(outcome.fault)
  }
  return {
    ok: faults.length === 0,
    records,
    ...(signed?.last ? { coveredUntil: signed.last.at } : {}),
    faults,
  }
}

async function verifyChain(
  directory: string,
  writer: string,
  expected: readonly CheckpointHead[],
): Promise<{ records: number; fault?: Fault }> {
  const hashAt = new Map(expected.map((head) => [head.seq, head.hash]))
  const files = listWriters(directory).includes(writer) ? listDayFiles(directory, writer) : []
  let seq = 0
  let prev = GENESIS
  for await (const { file, number, text } of readLines(files)) {
    const fault = (code: Fault['code'], message: string) => ({
      records: seq,
      fault: { file, line: number, writer, seq: seq + 1, code, message },
    })
    const record = parseRecord(text)
    if (!record || record.writer !== writer) return fault('not-a-record', 'the line is no record of this writer')
    if (record.seq !== seq + 1 || record.prev !== prev) {
      return fault('broken-chain', `the record does not follow number ${seq}`)
    }
    prev = lineHash(text)
    const wanted = hashAt.get(record.seq)
    if (wanted !== undefined && wanted !== prev) {
      return fault('changed', 'this record or one before it is not what the checkpoint signed')
    }
    seq = record.seq
  }
  const last = Math.max(0, ...hashAt.keys())
  if (seq < last) {
    const message = `the chain ends at ${seq}, but ${last} records were signed`
    return {
      records: seq,
      fault: { file: join(directory, writer), line: 0, writer, seq: seq + 1, code: 'tail-cut', message },
    }
  }
  return { records: seq }
}

type Signed = { byWriter: Map<string, CheckpointHead[]>; last?: Checkpoint; faults: Fault[] }

async function readCheckpoints(anchor: string, publicKey?: string): Promise<Signed> {
  const path = join(anchor, CHECKPOINTS)
  const byWriter = new Map<string, CheckpointHead[]>()
  const fault = (line: number, code: Fault['code'], message: string): Signed => ({
    byWriter,
    faults: [{ file: path, line, writer: 'notary', seq: line, code, message }],
  })
  if (!existsSync(path)) return fault(0, 'no-checkpoints', 'there is no checkpoint: nothing here is signed')
  const verify: Verifier = verifierOf(publicKey ?? (await readFile(join(anchor, PUBLIC_KEY), 'utf8')))
  let prev = GENESIS
  let last: Checkpoint | undefined
  for await (const { number, text } of readLines([path])) {
    const checkpoint = parseCheckpoint(text)
    if (!checkpoint) return fault(number, 'checkpoint-unreadable', 'the line is no checkpoint')
    if (!isGenuine(checkpoint, verify)) return fault(number, 'checkpoint-forged', 'the signature is not by the key')
    if (checkpoint.prev !== prev)
      return fault(number, 'checkpoint-order', 'the checkpoint does not follow the one before')
    prev = lineHash(text)
    last = checkpoint
    for (const head of checkpoint.heads) byWriter.set(head.writer, [...(byWriter.get(head.writer) ?? []), head])
  }
  return { byWriter, ...(last ? { last } : {}), faults: [] }
}
