import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { Function as LambdaFn } from 'aws-cdk-lib/aws-lambda'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import type { QueueWithDeadLetters } from './queue-with-dead-letters.ts'

const allow = (fn: LambdaFn, actions: string[], resources: string[]) =>
  fn.addToRolePolicy(new PolicyStatement({ actions, resources }))

export const allowSending = (fn: LambdaFn, ...queues: QueueWithDeadLetters[]): void =>
  allow(
    fn,
    ['sqs:SendMessage'],
    queues.map(({ queue }) => queue.queueArn),
  )

/** What failed comes again sooner than its visibility time-out says. */
export const allowReleasing = (fn: LambdaFn, { queue }: QueueWithDeadLetters): void =>
  allow(fn, ['sqs:ChangeMessageVisibility'], [queue.queueArn])

export const allowSecrets = (fn: LambdaFn, ...arns: string[]): void =>
  allow(fn, ['secretsmanager:GetSecretValue'], arns)

/** A chain of its own: it reads the end before it goes on with it. */
export const allowChain = (fn: LambdaFn, trail: ILogGroup): void =>
  allow(fn, ['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:GetLogEvents'], [trail.logGroupArn])
