import { readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import canonicalize from 'canonicalize'
import { sha256Hex } from '../../src/kernel/ids.ts'
import type { Signer } from '../../src/kernel/signer.ts'
import { openSigningKey } from '../../src/kernel/signing-key.ts'
import { chainSlices, type Manifest, manifestBytes, manifestSchema, sliceName } from '../../src/recording/format.ts'
import type { Random } from '../fixtures/random.ts'
import { readChain, relink, writeChain } from './chain.ts'
import type { World } from './world.ts'

export type RecordingForgery = (world: World, folder: string, random: Random) => void | Promise<void>

const manifestOf = (folder: string): Manifest =>
  manifestSchema.parse(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')))

const sliceAt = (folder: string, random: Random) =>
  join(folder, random.pick(readdirSync(folder).filter((name) => name.endsWith('.slice'))))

/** Rewrites what somebody did in one slice, and all sums; the signature is left as it was. */
function rewriteSlice(folder: string, random: Random): Manifest {
  const manifest = manifestOf(folder)
  const slice = random.pick(manifest.slices)
  const path = join(folder, sliceName(slice.n))
  const stored = gzipSync(gunzipSync(readFileSync(path)).toString('utf8').replaceAll('step', 'walk'))
  writeFileSync(path, stored)
  Object.assign(slice, { sha256: sha256Hex(stored), bytes: stored.length })
  return { ...manifest, head: chainSlices(manifest.slices) }
}

const writeManifest = (folder: string, manifest: object) =>
  writeFileSync(join(folder, 'manifest.json'), canonicalize(manifest) ?? '')

async function sealWith(signer: Signer, folder: string, { sig: _, ...body }: Manifest): Promise<string> {
  const whole = { ...body, key: signer.key }
  const sig = Buffer.from(await signer.sign(manifestBytes(whole))).toString('base64')
  writeManifest(folder, { ...whole, sig })
  return sha256Hex(readFileSync(join(folder, 'manifest.json')))
}

export const recordingForgeries: Readonly<Record<string, RecordingForgery>> = {
  'flips a bit of a slice': (_world, folder, random) => {
    const path = sliceAt(folder, random)
    const bytes = readFileSync(path)
    const at = random.below(bytes.length)
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random.below(8)), at)
    writeFileSync(path, bytes)
  },
  'flips a bit of the manifest': (_world, folder, random) => {
    const path = join(folder, 'manifest.json')
    const bytes = readFileSync(path)
    const at = random.below(bytes.length)
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random.below(8)), at)
    writeFileSync(path, bytes)
  },
  // Five characters of base64 are no number of bytes.
  'writes a signature that is no base64': (_world, folder) =>
    writeManifest(folder, { ...manifestOf(folder), sig: 'AAAAA' }),
  'drops a slice': (_world, folder, random) => rmSync(sliceAt(folder, random)),
  'truncates a slice': (_world, folder, random) => {
    const path = sliceAt(folder, random)
    truncateSync(path, random.below(readFileSync(path).length))
  },
  'swaps two slices': (_world, folder) => {
    const [one, other, spare] = [sliceName(1), sliceName(2), 'spare'].map((name) => join(folder, name))
    renameSync(one ?? '', spare ?? '')
    renameSync(other ?? '', one ?? '')
    renameSync(spare ?? '', other ?? '')
  },
  'adds a slice': (_world, folder) => writeFileSync(join(folder, sliceName(99)), gzipSync('[1,"o","x"]\n')),
  'drops the last slice from the manifest, too': (_world, folder) => {
    const manifest = manifestOf(folder)
    rmSync(join(folder, sliceName(manifest.slices.length)))
    const slices = manifest.slices.slice(0, -1)
    writeManifest(folder, { ...manifest, slices, head: chainSlices(slices) })
  },
  'rewrites a slice and every sum': (_world, folder, random) => writeManifest(folder, rewriteSlice(folder, random)),
  'rewrites a slice and seals with a key of their own': async (world, folder, random) => {
    const key = await openSigningKey(join(world.recordings, '..', 'forger.pem'))
    await sealWith(key, folder, rewriteSlice(folder, random))
  },
  'rewrites a slice and seals with our key': async (world, folder, random) => {
    await sealWith(world.signer, folder, rewriteSlice(folder, random))
  },
  'seals with our key and changes the trail to match': async (world, folder, random) => {
    const before = sha256Hex(readFileSync(join(folder, 'manifest.json')))
    const after = await sealWith(world.signer, folder, rewriteSlice(folder, random))
    for (const writer of world.writers) {
      const lines = readChain(world.trail, writer)
      const forged = lines.map(({ file, text }) => ({ file, text: text.replace(before, after) }))
      if (forged.some(({ text }, at) => text !== lines[at]?.text)) writeChain(world.trail, writer, relink(forged))
    }
  },
  'takes the manifest away': (_world, folder) => rmSync(join(folder, 'manifest.json')),
  'takes the whole recording away': (_world, folder) => rmSync(folder, { recursive: true }),
  'puts another recording in its place': (world, folder) => {
    const other = world.sessions.find((id) => !folder.endsWith(id)) ?? ''
    rmSync(folder, { recursive: true })
    renameSync(join(world.recordings, other), folder)
  },
}
