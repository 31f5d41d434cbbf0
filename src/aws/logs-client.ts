import { CloudWatchLogsClient, type CloudWatchLogsClientConfig } from '@aws-sdk/client-cloudwatch-logs'
import { patience } from './patience.ts'

/**
 * For the trail. It never tries twice by itself: after a lost reply of PutLogEvents the stream is read before anything is sent
 * again. Nor does it hang: what has not been answered in ten seconds is asked anew.
 */
export const createLogsClient = (
  region: string,
  { answerWithin = 10_000, ...more }: { answerWithin?: number } & Pick<CloudWatchLogsClientConfig, 'credentials'> = {},
): CloudWatchLogsClient =>
  new CloudWatchLogsClient({ region, maxAttempts: 1, requestHandler: patience(answerWithin), ...more })
