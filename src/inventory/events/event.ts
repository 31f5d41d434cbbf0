import * as z from 'zod'

/** The envelope that every EventBridge event has (EventBridge User Guide, "Event structure"). */
export const envelopeSchema = z.object({
  source: z.string(),
  'detail-type': z.string(),
  account: z.string().regex(/^\d{12}$/),
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/),
  resources: z.array(z.string()).default([]),
  detail: z.unknown(),
})
export type Envelope = z.infer<typeof envelopeSchema>

/** Takes the instance ids out of one kind of event; undefined when the event is not of the documented shape. */
export type ReadIds = (event: Envelope) => string[] | undefined

export const instanceIds = (values: readonly unknown[]): string[] =>
  values.filter((value): value is string => typeof value === 'string' && /^i-[0-9a-f]{8,17}$/.test(value))
