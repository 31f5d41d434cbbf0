import {
  type CloudWatchLogsClient,
  CreateLogStreamCommand,
  GetLogEventsCommand,
  type OutputLogEvent,
  PutLogEventsCommand,
  paginateDescribeLogStreams,
} from '@aws-sdk/client-cloudwatch-logs'
import { awsCode, isDenied, isNotFound, isThrottled } from '../aws/error-sets.ts'
import { type CodedError, isCoded, reasonOf } from '../kernel/errors.ts'
import { auditErrors } from './errors.ts'
import type { LogGroup, StoredEvent } from './log-group.ts'

/** Read backwards, little is wanted as a rule. */
const BACK_PAGE = 500

/** A log group of CloudWatch Logs. `client` must not try twice by itself: a put whose reply is lost is looked for first. */
export function cloudWatchGroup(client: CloudWatchLogsClient, name: string): LogGroup {
  const failure = (action: string, cause: unknown): CodedError => {
    if (isCoded(cause)) return cause
    const details = { action: `logs:${action}`, group: name, reason: reasonOf(cause) }
    if (isDenied(cause)) return auditErrors.AUDIT_SINK_DENIED(details, { cause })
    if (isNotFound(cause)) return auditErrors.AUDIT_SINK_MISSING(details, { cause })
    if (awsCode(cause) === 'InvalidParameterException') return auditErrors.AUDIT_SINK_REFUSED(details, { cause })
    if (isThrottled(cause) || action !== 'PutLogEvents') return auditErrors.AUDIT_SINK_UNAVAILABLE(details, { cause })
    return auditErrors.AUDIT_SINK_UNSURE(details, { cause })
  }

  async function* pages(stream: string, forward: boolean, span: { startTime?: number; endTime?: number }) {
    let token: string | undefined
    for (;;) {
      const page = await client
        .send(
          new GetLogEventsCommand({
            logGroupName: name,
            logStreamName: stream,
            startFromHead: forward,
            ...(forward ? {} : { limit: BACK_PAGE }),
            ...span,
            ...(token === undefined ? {} : { nextToken: token }),
          }),
        )
        .catch((cause: unknown) => {
          // A stream that is not there, or its group: `streams` tells which.
          if (isNotFound(cause)) return undefined
          throw failure('GetLogEvents', cause)
        })
      if (!page) return
      yield (page.events ?? []).map(toStored)
      // Pages may be empty before the end; the end is where the token stays the same.
      const next = forward ? page.nextForwardToken : page.nextBackwardToken
      if (next === undefined || next === token) return
      token = next
    }
  }

  const put = (stream: string, batch: readonly { at: number; message: string }[]) =>
    client.send(
      new PutLogEventsCommand({
        logGroupName: name,
        logStreamName: stream,
        logEvents: batch.map(({ at, message }) => ({ timestamp: at, message })),
      }),
    )

  const makeStream = (stream: string) =>
    client.send(new CreateLogStreamCommand({ logGroupName: name, logStreamName: stream })).catch((cause: unknown) => {
      if (awsCode(cause) !== 'ResourceAlreadyExistsException') throw failure('CreateLogStream', cause)
    })

  return {
    name,
    async streams() {
      const found: string[] = []
      try {
        for await (const page of paginateDescribeLogStreams({ client }, { logGroupName: name })) {
          found.push(...(page.logStreams ?? []).map(({ logStreamName = '' }) => logStreamName))
        }
      } catch (cause) {
        throw failure('DescribeLogStreams', cause)
      }
      return found
    },
    async *read(stream, from) {
      for await (const page of pages(stream, true, from === undefined ? {} : { startTime: Math.max(0, from) })) {
        yield* page
      }
    },
    async *readBack(stream, until) {
      // `endTime` is exclusive.
      for await (const page of pages(stream, false, until === undefined ? {} : { endTime: until + 1 })) {
        yield* page.filter(({ at }) => until === undefined || at <= until).reverse()
      }
    },
    async put(stream, batch) {
      const answer = await put(stream, batch).catch(async (cause: unknown) => {
        if (!isNotFound(cause)) throw failure('PutLogEvents', cause)
        await makeStream(stream)
        return put(stream, batch).catch((again: unknown) => {
          throw failure('PutLogEvents', again)
        })
      })
      if (!answer.rejectedLogEventsInfo) return
      const reason = `it does not take events of that time (${JSON.stringify(answer.rejectedLogEventsInfo)})`
      throw auditErrors.AUDIT_SINK_REFUSED({ action: 'logs:PutLogEvents', group: name, reason })
    },
  }
}

const toStored = ({ timestamp = 0, message = '', ingestionTime = 0 }: OutputLogEvent): StoredEvent => ({
  at: timestamp,
  message,
  ingestedAt: ingestionTime,
})
