import { type Clock, toIso } from '../kernel/clock.ts'
import { GENESIS, lineHash } from '../kernel/hash-chain.ts'
import type { Signer } from '../kernel/signer.ts'
import { type CheckedChain, checkChain, type Fault, type Head } from './check-chain.ts'
import { type CheckpointHead, parseCheckpoint, signCheckpoint } from './checkpoint.ts'
import type { CheckpointStore } from './checkpoint-store.ts'
import { auditErrors } from './errors.ts'
import type { RecordSource, StoredLine } from './record-source.ts'

/** What a round of the notary came to. A fault is never signed over: the alarm is the answer. */
export type NotaryOutcome = { signed: boolean; heads: CheckpointHead[]; faults: Fault[] }

/** A record younger than this may still be taken back by a writer whose disk is full, or be on its way to every reader of the sink. */
export const SETTLE_MS = 5_000

/**
 * Reads the heads from the stored trail, never from the writers, and signs them when each chain goes on from where it was last signed.
 * Remembers where it stopped, so that a round costs what was written since; the signed record itself is read again each time.
 */
export function createNotary(options: {
  records: RecordSource
  checkpoints: CheckpointStore
  signer: Signer
  clock: Clock
}): () => Promise<NotaryOutcome> {
  const { records, checkpoints, signer, clock } = options
  let known: { prev: string; heads: Map<string, CheckpointHead> } | undefined
  const marks = new Map<string, string>()

  const load = async () => {
    const own = await signer.publicKey()
    await checkpoints.publishKey(own)
    if ((await checkpoints.publicKey())?.trim() !== own.trim()) {
      throw auditErrors.AUDIT_KEY_CHANGED({ configured: signer.key })
    }
    const last = await checkpoints.last()
    const heads = last ? (parseCheckpoint(last)?.checkpoint.heads ?? []) : []
    return { prev: last ? lineHash(last) : GENESIS, heads: new Map(heads.map((head) => [head.writer, head])) }
  }

  const follow = async (writer: string, before: CheckpointHead | undefined, until: string): Promise<CheckedChain> => {
    const mark = marks.get(writer)
    if (before && mark !== undefined) {
      const lines = await behindSigned(records.read(writer, mark), before)
      if (lines) return checkChain({ writer, lines, start: before, where: writer, until })
    }
    const signed = new Map(before ? [[before.seq, before.hash]] : [])
    return checkChain({ writer, lines: records.read(writer), signed, where: writer, until })
  }

  return async () => {
    known ??= await load()
    const now = clock.now()
    const faults: Fault[] = []
    const heads: CheckpointHead[] = []
    for (const writer of new Set([...(await records.writers()), ...known.heads.keys()])) {
      const { head, mark, fault } = await follow(writer, known.heads.get(writer), toIso(now - SETTLE_MS))
      if (fault) faults.push(fault)
      else if (mark !== undefined) marks.set(writer, mark)
      if (head.seq > 0) heads.push({ writer, ...pick(head) })
    }
    heads.sort((a, b) => (a.writer < b.writer ? -1 : 1))
    const news = heads.some((head) => known?.heads.get(head.writer)?.seq !== head.seq)
    if (faults.length > 0 || !news) return { signed: false, heads, faults }
    const at = toIso(now)
    const line = await signCheckpoint(signer, { at, heads, prev: known.prev })
    await checkpoints.append(line).catch((error: unknown) => {
      // Whether it was written, or another notary was first: the next round reads what there is.
      known = undefined
      throw error
    })
    known = { prev: lineHash(line), heads: new Map(heads.map((head) => [head.writer, head])) }
    return { signed: true, heads, faults }
  }
}

const pick = ({ seq, hash }: Head): Head => ({ seq, hash })

/** The lines after the signed one; undefined when the signed one is not there any more as it was. */
async function behindSigned(lines: AsyncIterable<StoredLine>, signed: Head) {
  const rest = lines[Symbol.asyncIterator]()
  const first = await rest.next()
  if (first.done || lineHash(first.value.bytes) !== signed.hash) {
    await rest.return?.()
    return undefined
  }
  return { [Symbol.asyncIterator]: () => rest }
}
