import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { shippedId } from '../../src/guacamole/shipped-id.ts'
import { MANIFEST, SESSION, sliceName } from '../../src/recording/format.ts'
import { readEvents } from '../../src/recording/reader.ts'
import type { RecordingFiles } from '../../src/recording/recording-files.ts'
import { verifyRecording } from '../../src/recording/verify-recording.ts'
import { longStream, START, sessionRow, setShipStage, uuid } from '../fixtures/guacamole/ship-stage.ts'
import type { ShipDoom } from './doomed-shipper.ts'

/** `done`: the pass ended before the step at which it was to be cut short. */
export type ShipKill = { faults: string[]; done: boolean }
/** Where recordings go; `twice` names what was stored more than once. */
export type Destination = { store: ShipDoom['store']; files: RecordingFiles; twice(): Promise<string[]> }

/** Two slices and a half. */
const KILOBYTES = 2_500
const id = shippedId(uuid, START)

/**
 * A shipper is killed by SIGKILL before its n-th step. Then either the file is still there, whole, or the store holds all of it; and the
 * next pass leaves one recording, whole, verified, stored once, and no file.
 */
export async function killShipperAt(
  dieAfter: number,
  open: (directory: string) => Promise<Destination>,
): Promise<ShipKill> {
  const stage = await setShipStage()
  try {
    const text = longStream(KILOBYTES)
    const path = stage.record(text)
    const { store, files, twice } = await open(stage.folder)
    const doom: ShipDoom = {
      folder: stage.recorded,
      store,
      signingKey: join(stage.folder, 'keys', 'signing.pem'),
      row: sessionRow(),
      now: stage.now,
      dieAfter,
    }
    const worker = spawn(process.execPath, [join(import.meta.dirname, 'doomed-shipper.ts'), JSON.stringify(doom)], {
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    const [code, signal]: [number | null, string | null] = await once(worker, 'exit').then(([a, b]) => [a, b])
    const faults = signal === 'SIGKILL' || code === 0 ? [] : [`the shipper ended with ${code ?? signal}`]
    const publicKey = await stage.signer.publicKey()
    const isWhole = async () => (await verifyRecording({ files, id, publicKey })).ok && (await streamIn(files)) === text

    if (existsSync(path)) {
      if (readFileSync(path, 'utf8') !== text) faults.push('the file is not what it was')
    } else if (!(await isWhole())) faults.push('the file is gone, and the store does not hold it')
    if (signal !== 'SIGKILL' && existsSync(path)) faults.push('shipped, and the file is still there')

    const { files: seen } = await stage.pass({ files })
    const left = seen.filter((one) => one.outcome !== 'shipped')
    if (left.length > 0) faults.push(`the next pass: ${JSON.stringify(left)}`)
    if (existsSync(path)) faults.push('the file stays')
    if (!(await isWhole())) faults.push('the store does not hold what was recorded')
    const ids = await files.ids()
    if (String(ids) !== id) faults.push(`in the store are ${ids}`)
    const known = [SESSION, MANIFEST, ...[1, 2, 3].map(sliceName)].sort()
    // A file that was torn in the middle has another name, and nobody takes it for a part of the recording.
    const names = (await files.names(id)).filter((name) => !name.endsWith('.tmp'))
    if (String(names) !== String(known)) faults.push(`of the recording there are ${names}`)
    const doubled = await twice()
    if (doubled.length > 0) faults.push(`stored more than once: ${doubled}`)
    return { faults: faults.map((one) => `killed at ${dieAfter}: ${one}`), done: signal !== 'SIGKILL' }
  } finally {
    stage.close()
  }
}

async function streamIn(files: RecordingFiles): Promise<string> {
  let text = ''
  for await (const [, kind, data] of readEvents(files, '', id)) if (kind === 'g') text += data
  return text
}
