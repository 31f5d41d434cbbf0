import { Duration } from 'aws-cdk-lib'
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'

/** A message that failed so often is put aside; with pauses that double that is a quarter of an hour of trying. */
const TRIES = 10

/** A queue, encrypted and only by TLS, and where its messages go that nobody could handle. */
export class QueueWithDeadLetters extends Construct {
  readonly queue: Queue
  readonly deadLetters: Queue

  /** `visibility`: six times the time-out of a function that reads it (Lambda Developer Guide, "Using Lambda with Amazon SQS"). */
  constructor(scope: Construct, id: string, { name, visibility }: { name: string; visibility: Duration }) {
    super(scope, id)
    const common = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true }
    this.deadLetters = new Queue(this, 'DeadLetters', {
      ...common,
      queueName: `${name}-dead-letters`,
      retentionPeriod: Duration.days(14),
    })
    this.queue = new Queue(this, 'Queue', {
      ...common,
      queueName: name,
      visibilityTimeout: visibility,
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: TRIES },
    })
  }
}

/** Hands a queue over in batches; what a function could not do of one comes again alone. */
export const batchesOf = ({ queue }: QueueWithDeadLetters, batchSize: number, maxConcurrency: number): SqsEventSource =>
  new SqsEventSource(queue, {
    batchSize,
    maxConcurrency,
    reportBatchItemFailures: true,
    // What comes within a moment is one look and one transaction.
    maxBatchingWindow: Duration.seconds(0),
  })
