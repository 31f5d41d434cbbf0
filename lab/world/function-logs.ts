import { writeFileSync } from 'node:fs'
import {
  CloudWatchLogsClient,
  FilterLogEventsCommand,
  paginateDescribeLogGroups,
} from '@aws-sdk/client-cloudwatch-logs'
import type { Organisation } from '../aws/organisation.ts'
import { HOME_REGION } from './deploy-stacks.ts'

/** What the functions wrote, from CloudWatch Logs into a file: they leave no other trace when the world ends. */
export async function saveFunctionLogs(endpoint: string, organisation: Organisation, file: string): Promise<void> {
  const { credentials } = organisation.accounts.shared
  const client = new CloudWatchLogsClient({ endpoint, region: HOME_REGION, credentials })
  const lines: { at: number; text: string }[] = []
  for await (const page of paginateDescribeLogGroups({ client }, { logGroupNamePrefix: '/aws/lambda/' })) {
    for (const { logGroupName = '' } of page.logGroups ?? []) {
      let nextToken: string | undefined
      do {
        const found = await client.send(new FilterLogEventsCommand({ logGroupName, nextToken }))
        for (const { timestamp = 0, message = '' } of found.events ?? []) {
          lines.push({ at: timestamp, text: `${logGroupName} ${message}` })
        }
        nextToken = found.nextToken
      } while (nextToken)
    }
  }
  writeFileSync(
    file,
    lines
      .sort((a, b) => a.at - b.at)
      .map(({ text }) => `${text}\n`)
      .join(''),
  )
}
