import { type Hint, hintSchema } from '../../model/hint.ts'
import { readCloudTrail } from './cloudtrail.ts'
import { type Envelope, envelopeSchema, type ReadIds } from './event.ts'
import { readStateChange } from './state-change.ts'
import { readTagChange } from './tag-change.ts'

/** By source and detail-type; one file a kind. */
const registry: Readonly<Record<string, ReadIds>> = {
  'aws.ec2/AWS API Call via CloudTrail': readCloudTrail,
  'aws.ec2/EC2 Instance State-change Notification': readStateChange,
  'aws.tag/Tag Change on Resource': readTagChange,
}

/** Ours is a hint that we sent ourselves, to look again later. */
export type Reading =
  | { kind: 'event'; account: string; region: string; ids: string[] }
  | { kind: 'ours'; hint: Hint }
  | { kind: 'unknown'; what: string }
  | { kind: 'malformed'; reason: string }

/** One SQS message body. Whatever is in it, nothing but account, region and ids comes out. */
export function readEvent(body: string): Reading {
  const json = parseJson(body)
  if (json === undefined) return { kind: 'malformed', reason: 'the body is no JSON' }
  const ours = hintSchema.safeParse(json)
  if (ours.success) return { kind: 'ours', hint: ours.data }
  const envelope = envelopeSchema.safeParse(json)
  if (!envelope.success) return { kind: 'malformed', reason: 'the body is no EventBridge event' }
  return readEnvelope(envelope.data)
}

function readEnvelope(event: Envelope): Reading {
  const what = `${event.source}/${event['detail-type']}`
  const read = registry[what]
  if (!read) return { kind: 'unknown', what }
  const ids = read(event)
  if (ids === undefined) return { kind: 'malformed', reason: `the event is no ${what}` }
  return { kind: 'event', account: event.account, region: event.region, ids }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
