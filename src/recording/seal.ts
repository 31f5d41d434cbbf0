import canonicalize from 'canonicalize'
import { sha256Hex } from '../kernel/ids.ts'
import type { Signer } from '../kernel/signer.ts'
import {
  chainSlices,
  MANIFEST,
  type Manifest,
  manifestBytes,
  manifestSchema,
  type SessionFacts,
  type SliceFacts,
} from './format.ts'
import type { RecordingFiles } from './recording-files.ts'

/** What goes into the trail: with it, an exchanged recording is found. */
export type Sealed = {
  id: string
  /** Head of the chain over the slices. */
  head: string
  /** sha256 of manifest.json, hex. */
  manifest: string
  slices: number
  bytes: number
  durationMs: number
}

const sealedBy = ({ session, slices, endedAt, head }: Omit<Manifest, 'sig'>, text: string): Sealed => ({
  id: session.id,
  head,
  manifest: sha256Hex(text),
  slices: slices.length,
  bytes: slices.reduce((sum, slice) => sum + slice.bytes, 0),
  durationMs: endedAt - session.startedAt,
})

/** What the seal in the store says; undefined while there is none. */
export async function readSealed(files: RecordingFiles, id: string): Promise<Sealed | undefined> {
  const bytes = await files.get(id, MANIFEST)
  return bytes && sealedBy(manifestSchema.parse(JSON.parse(bytes.toString('utf8'))), bytes.toString('utf8'))
}

/** Writes the signed manifest. */
export async function sealSlices(options: {
  files: RecordingFiles
  facts: SessionFacts
  slices: readonly SliceFacts[]
  reason: string
  /** ms since 1970. */
  endedAt: number
  signer: Signer
}): Promise<Sealed> {
  const { files, facts, slices, reason, endedAt, signer } = options
  const body = {
    v: 1 as const,
    session: facts,
    endedAt,
    reason,
    slices: [...slices],
    head: chainSlices(slices),
    key: signer.key,
  }
  const sig = Buffer.from(await signer.sign(manifestBytes(body))).toString('base64')
  const text = canonicalize({ ...body, sig }) ?? ''
  await files.put(facts.id, MANIFEST, Buffer.from(text))
  return sealedBy(body, text)
}
