import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import * as z from 'zod'
import { fileRecords } from '../../src/audit/chain-files.ts'
import { type CheckpointStore, fileCheckpoints } from '../../src/audit/checkpoint-store.ts'
import { parseRecord } from '../../src/audit/record.ts'
import type { RecordSource } from '../../src/audit/record-source.ts'
import { verifyRecords } from '../../src/audit/verify-trail.ts'
import { directoryFiles, isRecordingId, type RecordingFiles } from '../../src/recording/recording-files.ts'
import { verifyRecording } from '../../src/recording/verify-recording.ts'
import type { World } from './world.ts'

/** What a verifier found, one line a fault, so that two verifiers can be compared. */
export type Verdict = { ok: boolean; records: number; unsigned: number; faults: string[] }

/** Where a world lies, whatever it lies on. */
export type Stores = { records: RecordSource; checkpoints: CheckpointStore; files: RecordingFiles }

export const verifyOurs = (world: World): Promise<Verdict> =>
  judge({
    records: fileRecords(world.trail),
    checkpoints: fileCheckpoints(world.checkpoints),
    files: directoryFiles(world.recordings),
  })

export async function judge({ records: source, checkpoints, files }: Stores): Promise<Verdict> {
  const { records, unsigned, faults } = await verifyRecords({ records: source, checkpoints })
  const found = faults.map(({ code, writer, seq }) => `${code} ${writer} ${seq}`)
  const seals = await readSeals(source, new Map(faults.map(({ writer, seq }) => [writer, seq])))
  const publicKey = (await checkpoints.publicKey()) ?? ''
  const ids = new Set([...(await files.ids()), ...[...seals.keys()].filter(isRecordingId)])
  for (const id of [...ids].sort()) {
    const verdict = await verifyRecording({ files, id, publicKey, manifestHash: seals.get(id) })
    found.push(...verdict.faults.map(({ code }) => `${code} ${id}`))
  }
  return { ok: found.length === 0, records, unsigned, faults: found.sort() }
}

/** What the trail says of recordings, as far as each chain holds. */
async function readSeals(source: RecordSource, badFrom: ReadonlyMap<string, number>): Promise<Map<string, string>> {
  const seals = new Map<string, string>()
  for (const writer of await source.writers()) {
    for await (const { bytes } of source.read(writer)) {
      const record = parseRecord(bytes)
      if (!record || record.seq >= (badFrom.get(writer) ?? Number.POSITIVE_INFINITY)) break
      const manifest = record.data?.['manifest']
      if (record.kind === 'recording.sealed' && record.session && typeof manifest === 'string') {
        seals.set(record.session, manifest)
      }
    }
  }
  return seals
}

const reportSchema = z.object({
  ok: z.boolean(),
  records: z.number(),
  unsigned: z.number(),
  faults: z.array(
    z.object({
      code: z.string(),
      writer: z.string().optional(),
      seq: z.number().optional(),
      recording: z.string().optional(),
    }),
  ),
})

export async function verifyTheirs(world: World): Promise<Verdict> {
  const args = ['--trail', world.trail, '--checkpoints', world.checkpoints, '--recordings', world.recordings]
  const run = promisify(execFile)('python3', ['docs/verify/enchilada_verify.py', ...args], { timeout: 60_000 })
  // Exit 1 says that something is wrong; the report is on stdout all the same.
  const { stdout } = await run.catch((error: unknown) => z.object({ stdout: z.string().min(1) }).parse(error))
  const { faults, ...rest } = reportSchema.parse(JSON.parse(stdout))
  return {
    ...rest,
    faults: faults.map(({ code, writer, seq, recording }) => `${code} ${recording ?? `${writer} ${seq}`}`).sort(),
  }
}
