import canonicalize from 'canonicalize'
import * as z from 'zod'
import { GENESIS } from '../kernel/hash-chain.ts'
import { sha256Hex } from '../kernel/ids.ts'

/**
 * The container of a recorded session (docs/reference/recording-format.md): a folder with `session.json`, slices
 * `000001.slice` … (gzip of NDJSON), `manifest.json` (signed) and `index.json` (derived from the rest).
 */
export const SESSION = 'session.json'
export const MANIFEST = 'manifest.json'
export const INDEX = 'index.json'

export const sliceName = (n: number): string => `${String(n).padStart(6, '0')}.slice`
/** The slice being written: plain NDJSON. */
export const partName = (n: number): string => `${sliceName(n)}.part`

/** `o` output as text, `b` output as base64 (no UTF-8, or a flood), `r` "COLSxROWS", `m` a remark of ours, `g` whole Guacamole instructions. */
export type EventKind = 'o' | 'b' | 'r' | 'm' | 'g'
/** Milliseconds since the start of the session, kind, data. */
export type RecordedEvent = readonly [ms: number, kind: EventKind, data: string]

/** As it stands in a slice. */
export const lineOf = (event: RecordedEvent): string => `${JSON.stringify(event)}\n`

export const eventSchema = z.tuple([z.number(), z.enum(['o', 'b', 'r', 'm', 'g']), z.string()])

export const sessionFactsSchema = z.object({
  id: z.string(),
  connectionId: z.string(),
  connectionName: z.string(),
  scope: z.string(),
  instanceId: z.string(),
  protocol: z.string(),
  personId: z.string(),
  personName: z.string(),
  /** ms since 1970. */
  startedAt: z.number(),
  /** Of a terminal, characters; 0 where the stream itself says how large its picture is. */
  cols: z.number(),
  rows: z.number(),
  /** A picture, drawn by events `g`. Absent: a terminal. */
  stream: z.literal('guacamole').optional(),
  /** What Guacamole calls the session: the uuid of its history. */
  history: z.string().optional(),
})
export type SessionFacts = z.infer<typeof sessionFactsSchema>

export const sliceFactsSchema = z.object({
  n: z.number().int().positive(),
  /** Over the stored bytes. */
  sha256: z.string(),
  bytes: z.number(),
  events: z.number(),
  fromMs: z.number(),
  toMs: z.number(),
})
export type SliceFacts = z.infer<typeof sliceFactsSchema>

export const manifestSchema = z.object({
  v: z.literal(1),
  session: sessionFactsSchema,
  endedAt: z.number(),
  reason: z.string(),
  slices: z.array(sliceFactsSchema),
  /** Chain over the slices' hashes. */
  head: z.string(),
  key: z.string(),
  sig: z.string(),
})
export type Manifest = z.infer<typeof manifestSchema>

/** head(n) = sha256(head(n-1) + sha256 of slice n), both as hex text; head(0) is 64 zeros. */
export const chainSlices = (slices: readonly SliceFacts[]): string =>
  slices.reduce((head, slice) => sha256Hex(head + slice.sha256), GENESIS)

/** What is signed: the canonical JSON (RFC 8785) of all but `sig`. */
export const manifestBytes = (body: object): Uint8Array => Buffer.from(canonicalize(body) ?? '')

export const indexSchema = z.object({
  durationMs: z.number(),
  slices: z.array(z.object({ n: z.number(), fromMs: z.number(), toMs: z.number() })),
  screens: z.array(
    z.object({ ms: z.number(), slice: z.number(), cols: z.number(), rows: z.number(), data: z.string() }),
  ),
})
export type RecordingIndex = z.infer<typeof indexSchema>
