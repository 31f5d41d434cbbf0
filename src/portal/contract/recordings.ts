import * as z from 'zod'
import { time } from './common.ts'
import { sessionSchema } from './sessions.ts'

export const recordingSchema = z
  .object({
    session: sessionSchema,
    durationMs: z.number().int(),
    bytes: z.number().int(),
    slices: z.number().int(),
    sealed: z.boolean(),
    /** Of a terminal; 0 otherwise. */
    cols: z.number().int(),
    rows: z.number().int(),
    /** What the events are: output of a terminal, or what guacd drew. */
    stream: z.enum(['terminal', 'guacamole']),
  })
  .meta({ id: 'Recording' })
export type Recording = z.infer<typeof recordingSchema>

export const recordingListSchema = z
  .object({ items: z.array(sessionSchema), nextCursor: z.string().optional() })
  .meta({ id: 'RecordingList' })
export type RecordingList = z.infer<typeof recordingListSchema>

/**
 * `index.json`: where a player may start. `slices[i].fromMs` is the session time of a slice's first event;
 * a `screen` is the terminal as escape sequences that redraw it, at `ms`, before slice `slice`.
 */
export const recordingIndexSchema = z
  .object({
    durationMs: z.number().int(),
    slices: z.array(z.object({ n: z.number().int(), fromMs: z.number().int(), toMs: z.number().int() })),
    screens: z.array(
      z.object({
        ms: z.number().int(),
        slice: z.number().int(),
        cols: z.number().int(),
        rows: z.number().int(),
        data: z.string(),
      }),
    ),
  })
  .meta({ id: 'RecordingIndex' })
export type RecordingIndex = z.infer<typeof recordingIndexSchema>

/** One line of a slice: session milliseconds, kind (`o` output as UTF-8 text, `b` output as base64, `r` "COLSxROWS", `m` marker, `g` Guacamole instructions), data. */
export const recordingEventSchema = z.tuple([z.number().int(), z.enum(['o', 'b', 'r', 'm', 'g']), z.string()])
export type RecordingEvent = z.infer<typeof recordingEventSchema>

export const recordingHitsSchema = z
  .object({ hits: z.array(z.object({ ms: z.number().int(), line: z.string() })), truncated: z.boolean() })
  .meta({ id: 'RecordingHits' })
export type RecordingHits = z.infer<typeof recordingHitsSchema>

export const verificationSchema = z
  .object({
    ok: z.boolean(),
    checkedAt: time,
    /** How many records or slices were read. */
    checked: z.number().int(),
    /** Nothing younger than this is covered by a signature yet. */
    coveredUntil: time.optional(),
    /** The first thing that is wrong, in words; absent when ok. */
    fault: z.object({ where: z.string(), code: z.string(), message: z.string() }).optional(),
  })
  .meta({ id: 'Verification' })
export type Verification = z.infer<typeof verificationSchema>
