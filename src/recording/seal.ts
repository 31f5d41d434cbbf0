import { createReadStream, existsSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import canonicalize from 'canonicalize'
import { writeDurably } from '../kernel/durable-file.ts'
import { sha256Hex } from '../kernel/ids.ts'
import type { Signer } from '../kernel/signer.ts'
import {
  chainSlices,
  eventSchema,
  MANIFEST,
  manifestBytes,
  partName,
  SESSION,
  type SessionFacts,
  type SliceFacts,
  sessionFactsSchema,
  sliceName,
} from './format.ts'
import { storeSlice } from './slice-writer.ts'

/** What goes into the trail: with it, an exchanged recording is found. */
export type Sealed = { id: string; head: string; manifest: string; slices: number; bytes: number; durationMs: number }

export async function sealFolder(options: {
  folder: string
  facts: SessionFacts
  slices: readonly SliceFacts[]
  reason: string
  endedAt: number
  signer: Signer
}): Promise<Sealed> {
  const { folder, facts, slices, reason, endedAt, signer } = options
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
  await writeDurably(join(folder, MANIFEST), text)
  return {
    id: facts.id,
    head: body.head,
    manifest: sha256Hex(text),
    slices: slices.length,
    bytes: slices.reduce((sum, slice) => sum + slice.bytes, 0),
    durationMs: endedAt - facts.startedAt,
  }
}

/**
 * Seals what a process that died left behind: its stored slices as they are, and of the open one every whole line.
 * The end is the last recorded event. Undefined when it is sealed already.
 */
export async function sealAbandoned(folder: string, reason: string, signer: Signer): Promise<Sealed | undefined> {
  if (existsSync(join(folder, MANIFEST))) return undefined
  const facts = sessionFactsSchema.parse(JSON.parse(await readFile(join(folder, SESSION), 'utf8')))
  const names = await readdir(folder)
  const slices: SliceFacts[] = []
  for (let n = 1; names.includes(sliceName(n)) || names.includes(partName(n)); n += 1) {
    // A crash between storing a slice and removing its plain text leaves both; the stored one is whole.
    if (names.includes(sliceName(n))) slices.push(await factsOfStored(folder, n))
    else {
      const times = await cutTornLine(join(folder, partName(n)))
      if (times) slices.push(await storeSlice(folder, n, times))
      else await rm(join(folder, partName(n)))
    }
  }
  const endedAt = facts.startedAt + (slices.at(-1)?.toMs ?? 0)
  return sealFolder({ folder, facts, slices, reason, endedAt, signer })
}

async function factsOfStored(folder: string, n: number): Promise<SliceFacts> {
  const stored = await readFile(join(folder, sliceName(n)))
  const lines = (await promisify(gunzip)(stored)).toString('utf8').trimEnd().split('\n')
  const times = lines.map((line) => eventSchema.parse(JSON.parse(line))[0])
  return {
    n,
    sha256: sha256Hex(stored),
    bytes: stored.length,
    events: times.length,
    fromMs: times[0] ?? 0,
    toMs: times.at(-1) ?? 0,
  }
}

async function cutTornLine(path: string): Promise<Pick<SliceFacts, 'events' | 'fromMs' | 'toMs'> | undefined> {
  const whole: string[] = []
  const times: number[] = []
  for await (const line of createInterface({ input: createReadStream(path, 'utf8') })) {
    const event = parseEvent(line)
    if (!event) break
    whole.push(line)
    times.push(event[0])
  }
  await writeDurably(path, whole.map((line) => `${line}\n`).join(''))
  return times.length > 0 ? { events: times.length, fromMs: times[0] ?? 0, toMs: times.at(-1) ?? 0 } : undefined
}

function parseEvent(line: string) {
  try {
    return eventSchema.safeParse(JSON.parse(line)).data
  } catch {
    return undefined
  }
}
