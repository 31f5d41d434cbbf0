import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import * as z from 'zod'
import {
  recordingHitsSchema,
  recordingIndexSchema,
  recordingListSchema,
  recordingSchema,
  verificationSchema,
} from '../contract/recordings.ts'
import { sessionQuerySchema } from '../contract/sessions.ts'
import { portalErrors } from '../errors.ts'
import { askSession } from '../facts.ts'
import type { Parts } from '../parts.ts'
import { listSessions, readSessionRow, toSession } from '../queries/sessions.ts'
import { noteExported, notePlayed } from '../recording-use.ts'
import { defineRoute, type Route } from '../route.ts'
import { verifyStored } from '../verifications.ts'

const decompress = promisify(gunzip)
const params = z.object({ id: z.uuid() })
const askPlay = ({ params, parts }: { params: { id: string }; parts: Parts }) =>
  askSession(parts.store.db, 'play', params.id)

export const recordingRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/api/v1/recordings',
    summary: 'Recorded sessions the person may play, newest first',
    signedIn: 'every row is cut to what the policies let this person play',
    query: sessionQuerySchema,
    answer: { status: 200, description: 'One page', schema: recordingListSchema },
    async handle({ query, parts, session, c }) {
      const reader = {
        personId: session.person.id,
        readers: await parts.access.readersOf(session.person, 'play'),
        ownReaders: await parts.access.readersOf(session.person, 'play-own'),
      }
      const { rows, ...more } = await listSessions(parts.store.db, reader, { ...query, recorded: true })
      return c.json({ items: rows.map(toSession), ...more })
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/v1/recordings/:id',
    summary: 'What a recording is: its session, length and size',
    action: 'play',
    params,
    ask: askPlay,
    answer: { status: 200, description: 'The recording', schema: recordingSchema },
    async handle({ params: { id }, parts, c }) {
      const row = await readSessionRow(parts.store.db, id)
      if (!row) throw portalErrors.SESSION_UNKNOWN()
      const { cols, rows, stream = 'terminal' } = await parts.recordingReader.facts(id)
      return c.json({ session: toSession(row), ...(await parts.recordingReader.summary(id)), cols, rows, stream })
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/v1/recordings/:id/index',
    summary: 'Where a player may start: slices, and a screen each minute',
    action: 'play',
    params,
    ask: askPlay,
    answer: { status: 200, description: 'The index', schema: recordingIndexSchema },
    async handle({ params: { id }, parts, session, c }) {
      const index = await parts.recordingReader.index(id)
      if (!index) throw portalErrors.RECORDING_GOES_ON()
      await notePlayed(parts, session, id)
      return c.json(index)
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/v1/recordings/:id/slices/:n',
    summary: 'The events of one slice, a JSON array a line',
    action: 'play',
    params: params.extend({ n: z.coerce.number().int().min(1).max(999_999) }),
    ask: askPlay,
    answer: { status: 200, description: 'As stored: gzip by content encoding', type: 'application/x-ndjson' },
    async handle({ params: { id, n }, parts, session, c }) {
      const stored = await parts.recordingReader.slice(id, n)
      await notePlayed(parts, session, id)
      c.header('Content-Type', 'application/x-ndjson; charset=utf-8')
      c.header('Vary', 'Accept-Encoding')
      if (!/\bgzip\b/.test(c.req.header('accept-encoding') ?? '')) {
        return c.body(new Uint8Array(await decompress(stored)))
      }
      c.header('Content-Encoding', 'gzip')
      return c.body(new Uint8Array(stored))
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/v1/recordings/:id/search',
    summary: 'When a text stood on the screen',
    action: 'play',
    params,
    query: z.object({ q: z.string().trim().min(1).max(200) }),
    ask: askPlay,
    answer: { status: 200, description: 'At most 200 places', schema: recordingHitsSchema },
    async handle({ params: { id }, query, parts, session, c }) {
      await notePlayed(parts, session, id)
      return c.json(await parts.recordingReader.search(id, query.q))
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/v1/recordings/:id/cast',
    summary: 'The recording of a terminal as asciicast v3, to keep',
    action: 'play',
    params,
    ask: askPlay,
    answer: { status: 200, description: 'asciicast v3', type: 'application/x-asciicast' },
    async handle({ params: { id }, parts, session, c }) {
      const lines = await parts.recordingReader.asciicast(id)
      await noteExported(parts, session, id, 'asciicast')
      c.header('Content-Type', 'application/x-asciicast')
      c.header('Content-Disposition', `attachment; filename="${id}.cast"`)
      return c.body(bodyOf(lines))
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/v1/recordings/:id/guac',
    summary: 'The recording of a picture as guacd wrote it, to keep',
    action: 'play',
    params,
    ask: askPlay,
    answer: { status: 200, description: 'The Guacamole protocol', type: 'application/octet-stream' },
    async handle({ params: { id }, parts, session, c }) {
      await noteExported(parts, session, id, 'guacamole')
      c.header('Content-Type', 'application/octet-stream')
      c.header('Content-Disposition', `attachment; filename="${id}.guac"`)
      return c.body(bodyOf(parts.recordingReader.guacamole(id)))
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/v1/recordings/:id/verification',
    summary: 'Check seal, chain and slices of a recording, and that it is the one the trail names',
    action: 'play',
    params,
    ask: askPlay,
    answer: { status: 200, description: 'What was found', schema: verificationSchema },
    async handle({ params: { id }, parts, c }) {
      return c.json(await verifyStored(parts, id))
    },
  }),
]

const bodyOf = (lines: AsyncIterable<string>): ReadableStream<Uint8Array> =>
  Readable.toWeb(Readable.from(encoded(lines))) as ReadableStream<Uint8Array>

async function* encoded(lines: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const line of lines) yield Buffer.from(line)
}
