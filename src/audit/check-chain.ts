import { GENESIS, lineHash } from '../kernel/hash-chain.ts'
import { parseRecord } from './record.ts'
import type { StoredLine } from './record-source.ts'

export type FaultCode =
  | 'not-a-record'
  | 'broken-chain'
  | 'changed'
  | 'tail-cut'
  | 'checkpoint-unreadable'
  | 'checkpoint-forged'
  | 'checkpoint-order'
  | 'no-checkpoints'

/** What is wrong, and where first. */
export type Fault = {
  /** File, or log stream. */
  file: string
  /** 1-based; 0 when it is about the file as a whole. */
  line: number
  writer: string
  seq: number
  code: FaultCode
  message: string
}

export type Head = { seq: number; hash: string }
export type CheckedChain = { head: Head; mark?: string; fault?: Fault }

/**
 * Follows a chain from `start` (the first line given comes right after it) and holds it against the hashes that were signed.
 * A record that was changed with all hashes after it recomputed shows at the next signed one: that is the fault's place.
 */
export async function checkChain(options: {
  writer: string
  lines: AsyncIterable<StoredLine>
  start?: Head
  signed?: ReadonlyMap<number, string>
  /** Named when the chain ends before its last signed record. */
  where: string
  /** Stops before the first record younger than this (ISO 8601). */
  until?: string
}): Promise<CheckedChain> {
  const { writer, signed = new Map<number, string>() } = options
  let head = options.start ?? { seq: 0, hash: GENESIS }
  let sound = head.seq
  let mark: string | undefined
  for await (const { where, line, bytes, day, mark: here } of options.lines) {
    const fault = (code: FaultCode, seq: number, message: string) => ({
      head,
      fault: { file: where, line, writer, seq, code, message },
    })
    const record = parseRecord(bytes)
    if (!record || record.writer !== writer) {
      return fault('not-a-record', head.seq + 1, 'the line is no record of this writer')
    }
    if (options.until !== undefined && record.at > options.until) break
    if (record.seq !== head.seq + 1 || record.prev !== head.hash) {
      return fault('broken-chain', head.seq + 1, `the record does not follow number ${head.seq}`)
    }
    // Moved to another day's file, a record would be in the chain and yet in no list of its day.
    if (day !== undefined && !record.at.startsWith(day)) {
      return fault('broken-chain', record.seq, 'the record is not in the file of its day')
    }
    head = { seq: record.seq, hash: lineHash(bytes) }
    mark = here
    const wanted = signed.get(head.seq)
    if (wanted === head.hash) sound = head.seq
    else if (wanted !== undefined) {
      return fault('changed', head.seq, `records ${sound + 1} to ${head.seq} are not all what the checkpoint signed`)
    }
  }
  const last = lastSigned(signed)
  if (head.seq < last) {
    const message = `the chain ends at ${head.seq}, but ${last} records were signed`
    return { head, fault: { file: options.where, line: 0, writer, seq: head.seq + 1, code: 'tail-cut', message } }
  }
  return { head, ...(mark === undefined ? {} : { mark }) }
}

/** The number of the last record that was signed, 0 if none was. In years there are more of them than a call takes arguments. */
export function lastSigned(signed: ReadonlyMap<number, string>): number {
  let last = 0
  for (const seq of signed.keys()) last = Math.max(last, seq)
  return last
}
