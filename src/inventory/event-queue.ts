import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import type { Hint } from '../model/hint.ts'
import type { Message } from './fold-hints.ts'

export type Received = Message & { receipt: string; receives: number }

/** The queue of events, as `serve` reads it; a Lambda's batch comes by itself. */
export type EventQueue = {
  /** Waits up to 20 s for up to ten messages. */
  receive(signal: AbortSignal): Promise<Received[]>
  acknowledge(messages: readonly Received[]): Promise<void>
  /** To be tried again after a pause that doubles; the queue's redrive policy ends it in the DLQ. */
  release(messages: readonly Received[]): Promise<void>
  /** A hint of ours that comes back after `delayMs` (15 minutes at most). */
  later(hint: Hint, delayMs: number): Promise<void>
}

const VISIBILITY_S = 60

export function createEventQueue(sqs: SQSClient, queueUrl: string): EventQueue {
  const entries = (messages: readonly Received[]) =>
    messages.map(({ receipt }, at) => ({ Id: String(at), ReceiptHandle: receipt }))
  return {
    async receive(signal) {
      const { Messages } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: 10,
          WaitTimeSeconds: 20,
          VisibilityTimeout: VISIBILITY_S,
          MessageSystemAttributeNames: ['ApproximateReceiveCount'],
        }),
        { abortSignal: signal },
      )
      return (Messages ?? []).map((message) => ({
        id: message.MessageId ?? '',
        body: message.Body ?? '',
        receipt: message.ReceiptHandle ?? '',
        receives: Number(message.Attributes?.['ApproximateReceiveCount'] ?? 1),
      }))
    },
    async acknowledge(messages) {
      if (messages.length === 0) return
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries(messages) }))
    },
    async release(messages) {
      if (messages.length === 0) return
      const delayed = entries(messages).map((entry, at) => ({
        ...entry,
        VisibilityTimeout: Math.min(900, 2 ** Math.min(10, messages[at]?.receives ?? 1)),
      }))
      await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries: delayed }))
    },
    async later(hint, delayMs) {
      const DelaySeconds = Math.min(900, Math.ceil(delayMs / 1000))
      await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(hint), DelaySeconds }))
    },
  }
}
