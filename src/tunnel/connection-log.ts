import {
  type CloudWatchLogsClient,
  PutLogEventsCommand,
  paginateFilterLogEvents,
} from '@aws-sdk/client-cloudwatch-logs'
import * as z from 'zod'

/** What servers wrote about who is connected: a stream a lease, in the shape of AWS Client VPN's connection log. */
export type ConnectionLog = {
  /** Every record from that time on, ms since 1970; those of one stream in their order. */
  records(from: number): AsyncIterable<ConnectionRecord>
  append(record: ConnectionRecord): Promise<void>
}
export type ConnectionRecord = { stream: string; at: number; message: string }

/** Quoted, because of its hyphens; it passes over what else a server writes there. */
const RECORDS = '"connection-log-type"'

/** `client` must not try twice by itself: a record whose reply is lost is looked for in the next round. */
export function openConnectionLog(client: CloudWatchLogsClient, logGroupName: string): ConnectionLog {
  return {
    async *records(startTime) {
      const asked = { logGroupName, startTime, filterPattern: RECORDS }
      for await (const { events } of paginateFilterLogEvents({ client }, asked)) {
        for (const { logStreamName = '', timestamp = 0, message = '' } of events ?? []) {
          yield { stream: logStreamName, at: timestamp, message }
        }
      }
    },
    async append({ stream, at, message }) {
      const logEvents = [{ timestamp: at, message }]
      await client.send(new PutLogEventsCommand({ logGroupName, logStreamName: stream, logEvents }))
    },
  }
}

const recordSchema = z.looseObject({
  'connection-log-type': z.string(),
  'connection-id': z.string(),
  'connection-start-time': z.string(),
  username: z.string().catch(''),
  lease: z.string(),
})

/** A connect that nobody wrote the disconnect of. */
export type OpenConnection = {
  stream: string
  id: string
  lease: string
  owner: string
  /** Of its last record, ms since 1970. */
  at: number
  record: Readonly<Record<string, unknown>>
}

/** Connects without their disconnect. Text that is no record of ours is passed over: a server's log is a claim of that server. */
export async function findOpenConnections(records: AsyncIterable<ConnectionRecord>): Promise<OpenConnection[]> {
  const open = new Map<string, OpenConnection>()
  const closed = new Set<string>()
  for await (const { stream, at, message } of records) {
    const record = recordSchema.safeParse(parse(message)).data
    // A server may speak of its own lease only: its stream is called so.
    if (record?.lease !== stream) continue
    const id = record['connection-id']
    if (record['connection-log-type'] === 'connection-reset') closed.add(id)
    else open.set(id, { stream, id, lease: record.lease, owner: record.username, at, record })
  }
  return [...open.values()].filter(({ id }) => !closed.has(id))
}

/** The disconnect that its server did not live to write. Its bytes nobody knows; they are those of the last record. */
export function synthesiseReset({ stream, record }: OpenConnection, at: number, reason: string): ConnectionRecord {
  const began = Date.parse(`${String(record['connection-start-time']).replace(' ', 'T')}Z`)
  const message = {
    ...record,
    'connection-log-type': 'connection-reset',
    'connection-attempt-status': 'NA',
    'connection-reset-status': 'successful',
    'connection-last-update-time': stamp(at),
    'connection-end-time': stamp(at),
    'connection-duration-seconds': String(Math.max(0, Math.round((at - began) / 1000)) || 0),
    reason,
    synthesised: true,
  }
  return { stream, at, message: JSON.stringify(message) }
}

/** As AWS Client VPN writes it, in UTC. */
const stamp = (at: number): string => new Date(at).toISOString().slice(0, 19).replace('T', ' ')

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
