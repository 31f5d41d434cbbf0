import { GENESIS, lineHash } from '../kernel/hash-chain.ts'
import { verifierOf } from '../kernel/signer.ts'
import { fileRecords } from './chain-files.ts'
import { checkChain, type Fault, type FaultCode, lastSigned } from './check-chain.ts'
import { parseCheckpoint } from './checkpoint.ts'
import { type CheckpointStore, fileCheckpoints } from './checkpoint-store.ts'
import type { RecordSource } from './record-source.ts'

export type TrailVerification = {
  ok: boolean
  records: number
  /** Records after the last checkpoint's heads: chained, not yet signed. */
  unsigned: number
  /** Time of the last genuine checkpoint. */
  coveredUntil?: string
  /** One a writer at most; the first is the first bad record. Faults of the checkpoints come before those of the trail. */
  faults: Fault[]
}

/** Offline. `anchor` is the folder of the checkpoints with its public key; `publicKey` (PEM) overrides that key. */
export const verifyTrail = (options: {
  directory: string
  anchor?: string
  publicKey?: string
}): Promise<TrailVerification> =>
  verifyRecords({
    records: fileRecords(options.directory),
    ...(options.anchor === undefined ? {} : { checkpoints: fileCheckpoints(options.anchor) }),
    ...(options.publicKey === undefined ? {} : { publicKey: options.publicKey }),
  })

export async function verifyRecords(options: {
  records: RecordSource
  checkpoints?: CheckpointStore
  publicKey?: string
}): Promise<TrailVerification> {
  const signed = options.checkpoints
    ? await readCheckpoints(options.checkpoints, options.publicKey)
    : { byWriter: new Map<string, Map<number, string>>(), faults: [] }
  const faults: Fault[] = [...signed.faults]
  let records = 0
  let unsigned = 0
  for (const writer of [...new Set([...(await options.records.writers()), ...signed.byWriter.keys()])].sort()) {
    const expected = signed.byWriter.get(writer) ?? new Map<number, string>()
    const lines = options.records.read(writer)
    const { head, fault } = await checkChain({ writer, lines, signed: expected, where: writer })
    if (fault) faults.push(fault)
    records += head.seq
    unsigned += Math.max(0, head.seq - lastSigned(expected))
  }
  const until = signed.last === undefined ? {} : { coveredUntil: signed.last }
  return { ok: faults.length === 0, records, unsigned, ...until, faults }
}

type Signed = { byWriter: Map<string, Map<number, string>>; last?: string; faults: Fault[] }

async function readCheckpoints(checkpoints: CheckpointStore, givenKey?: string): Promise<Signed> {
  const byWriter: Signed['byWriter'] = new Map()
  let prev = GENESIS
  let last: string | undefined
  const end = (file: string, line: number, code: FaultCode, message: string): Signed => ({
    byWriter,
    ...(last === undefined ? {} : { last }),
    faults: [{ file, line, writer: 'notary', seq: line, code, message }],
  })
  const key = givenKey ?? (await checkpoints.publicKey())
  if (key === undefined) return end('checkpoints', 0, 'no-checkpoints', 'there is no public key to check with')
  const verify = verifierOf(key)
  for await (const { where, line, bytes } of checkpoints.read()) {
    const parsed = parseCheckpoint(bytes)
    if (!parsed) return end(where, line, 'checkpoint-unreadable', 'the line is no checkpoint')
    if (!parsed.isGenuine(verify)) return end(where, line, 'checkpoint-forged', 'the signature is not by the key')
    const { checkpoint } = parsed
    if (checkpoint.prev !== prev) {
      return end(where, line, 'checkpoint-order', 'the checkpoint does not follow the one before')
    }
    prev = lineHash(bytes)
    last = checkpoint.at
    for (const { writer, seq, hash } of checkpoint.heads) {
      const heads = byWriter.get(writer) ?? new Map<number, string>()
      byWriter.set(writer, heads.set(seq, hash))
    }
  }
  if (last === undefined)
    return end('checkpoints', 0, 'no-checkpoints', 'there is no checkpoint: nothing here is signed')
  return { byWriter, last, faults: [] }
}
