import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { sha256Hex } from '../kernel/ids.ts'
import { verifierOf } from '../kernel/signer.ts'
import {
  chainSlices,
  eventSchema,
  MANIFEST,
  type Manifest,
  manifestBytes,
  manifestSchema,
  sliceName,
} from './format.ts'

export type RecordingFault = {
  file: string
  code:
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
  message: string
}

export type RecordingVerification = { ok: boolean; slices: number; head?: string; faults: RecordingFault[] }

/**
 * Offline: seal, chain, and every slice's bytes. `manifestHash` (sha256 hex, from the trail's `recording.sealed`) also finds a
 * recording that was replaced as a whole by a holder of the key.
 */
export async function verifyRecording(options: {
  folder: string
  id: string
  publicKey: string
  manifestHash?: string | undefined
}): Promise<RecordingVerification> {
  const { folder, id } = options
  const faults: RecordingFault[] = []
  const fault = (file: string, code: RecordingFault['code'], message: string) => {
    faults.push({ file: join(folder, file), code, message })
  }
  if (!existsSync(join(folder, MANIFEST))) {
    fault(MANIFEST, 'not-sealed', 'there is no manifest: the session goes on, or its end was taken away')
    return { ok: false, slices: 0, faults }
  }
  const text = await readFile(join(folder, MANIFEST), 'utf8')
  const manifest = parseManifest(text)
  if (!manifest) {
    fault(MANIFEST, 'manifest-unreadable', 'the manifest is not what the format page describes')
    return { ok: false, slices: 0, faults }
  }
  const { sig, ...body } = manifest
  if (!verifierOf(options.publicKey)(manifestBytes(body), Buffer.from(sig, 'base64'))) {
    fault(MANIFEST, 'manifest-forged', 'the seal is not by the key')
  }
  if (options.manifestHash !== undefined && sha256Hex(text) !== options.manifestHash) {
    fault(MANIFEST, 'manifest-exchanged', 'the manifest is not the one that the trail names')
  }
  if (manifest.session.id !== id) fault(MANIFEST, 'wrong-recording', `this is the recording ${manifest.session.id}`)
  if (chainSlices(manifest.slices) !== manifest.head || manifest.slices.some((slice, at) => slice.n !== at + 1)) {
    fault(MANIFEST, 'chain-broken', 'the slices do not chain to the head')
  }
  for (const slice of manifest.slices) await verifySlice(folder, slice, fault)
  const known = new Set(manifest.slices.map((slice) => sliceName(slice.n)))
  for (const name of await readdir(folder)) {
    if (/\.slice(\.part)?$/.test(name) && !known.has(name)) fault(name, 'slice-added', 'no manifest names this slice')
  }
  return { ok: faults.length === 0, slices: manifest.slices.length, head: manifest.head, faults }
}

async function verifySlice(
  folder: string,
  slice: Manifest['slices'][number],
  fault: (file: string, code: RecordingFault['code'], message: string) => void,
): Promise<void> {
  const name = sliceName(slice.n)
  const stored = await readFile(join(folder, name)).catch(() => undefined)
  if (!stored) return fault(name, 'slice-missing', 'the slice is gone')
  if (stored.length !== slice.bytes || sha256Hex(stored) !== slice.sha256) {
    return fault(name, 'slice-changed', 'the stored bytes are not what was sealed')
  }
  try {
    const lines = (await promisify(gunzip)(stored)).toString('utf8').trimEnd().split('\n')
    for (const line of lines) eventSchema.parse(JSON.parse(line))
    if (lines.length !== slice.events) fault(name, 'slice-unreadable', 'the slice holds another number of events')
  } catch {
    fault(name, 'slice-unreadable', 'the slice is not gzip of NDJSON')
  }
}

function parseManifest(text: string): Manifest | undefined {
  try {
    return manifestSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
