import { sha256Hex } from '../kernel/ids.ts'
import { verifierOf } from '../kernel/signer.ts'
import { chainSlices, MANIFEST, type Manifest, manifestBytes, manifestSchema, sliceName } from './format.ts'
import { readAhead } from './read-ahead.ts'
import { unpackSlice } from './reader.ts'
import type { RecordingFiles } from './recording-files.ts'

export type RecordingFaultCode =
  | 'not-sealed'
  | 'manifest-unreadable'
  | 'manifest-forged'
  | 'manifest-exchanged'
  | 'wrong-recording'
  | 'slice-missing'
  | 'slice-changed'
  | 'slice-unreadable'
  | 'slice-added'
  | 'chain-broken'
export type RecordingFault = { file: string; code: RecordingFaultCode; message: string }

export type RecordingVerification = { ok: boolean; slices: number; head?: string; faults: RecordingFault[] }

/** A lenient decoder would make two different manifests look the same. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Offline: seal, chain, and every slice's bytes. `manifestHash` (sha256 hex, from the trail's `recording.sealed`) also finds a
 * recording that was replaced as a whole by a holder of the key.
 */
export async function verifyRecording(options: {
  files: RecordingFiles
  id: string
  publicKey: string
  manifestHash?: string | undefined
}): Promise<RecordingVerification> {
  const { files, id } = options
  const faults: RecordingFault[] = []
  const fault = (name: string, code: RecordingFaultCode, message: string) => {
    faults.push({ file: `${id}/${name}`, code, message })
  }
  const bytes = await files.get(id, MANIFEST)
  const said = bytes ? parseJson(bytes) : undefined
  const manifest = manifestSchema.safeParse(said).data
  if (!bytes) fault(MANIFEST, 'not-sealed', 'there is no manifest: the session goes on, or its end was taken away')
  else if (!manifest) fault(MANIFEST, 'manifest-unreadable', 'the manifest is not what the format page describes')
  if (!bytes || !manifest) return { ok: false, slices: 0, faults }

  // Against everything the file says, also what the schema does not know.
  const { sig, ...body } = Object(said)
  if (!verifierOf(options.publicKey)(manifestBytes(body), Buffer.from(manifest.sig, 'base64'))) {
    fault(MANIFEST, 'manifest-forged', 'the seal is not by the key')
  }
  if (options.manifestHash !== undefined && sha256Hex(bytes) !== options.manifestHash) {
    fault(MANIFEST, 'manifest-exchanged', 'the manifest is not the one that the trail names')
  }
  if (manifest.session.id !== id) fault(MANIFEST, 'wrong-recording', `this is the recording ${manifest.session.id}`)
  if (chainSlices(manifest.slices) !== manifest.head || manifest.slices.some((slice, at) => slice.n !== at + 1)) {
    fault(MANIFEST, 'chain-broken', 'the slices do not chain to the head')
  }
  const checked = readAhead(manifest.slices, async (slice) => ({
    name: sliceName(slice.n),
    found: await checkSlice(await files.get(id, sliceName(slice.n)), slice),
  }))
  for await (const { name, found } of checked) if (found) fault(name, ...found)
  const known = new Set(manifest.slices.map((slice) => sliceName(slice.n)))
  for (const name of await files.names(id)) {
    if (/\.slice(\.part)?$/.test(name) && !known.has(name)) fault(name, 'slice-added', 'no manifest names this slice')
  }
  return { ok: faults.length === 0, slices: manifest.slices.length, head: manifest.head, faults }
}

async function checkSlice(
  stored: Buffer | undefined,
  slice: Manifest['slices'][number],
): Promise<[RecordingFaultCode, string] | undefined> {
  if (!stored) return ['slice-missing', 'the slice is gone']
  if (stored.length !== slice.bytes || sha256Hex(stored) !== slice.sha256) {
    return ['slice-changed', 'the stored bytes are not what was sealed']
  }
  const events = await unpackSlice(stored).catch(() => undefined)
  if (events?.length === slice.events) return undefined
  return ['slice-unreadable', 'the slice is not gzip of as many events as were sealed']
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(bytes))
  } catch {
    return undefined
  }
}
