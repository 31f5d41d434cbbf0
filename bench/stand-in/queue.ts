import { createHash, randomUUID } from 'node:crypto'

type Message = { id: string; body: string; visibleAt: number; receives: number; sentAt: number; receipt: string }

/** One SQS queue: visibility time-outs, long polling, delay. Enough to carry events; nothing is kept on disk. */
export type Queue = {
  send(body: string, delaySeconds?: number): { id: string; md5: string }
  /** `gone`: whoever asked has left; nothing is taken for them. */
  receive(asked: {
    most: number
    waitSeconds: number
    visibilitySeconds: number
    gone: AbortSignal
  }): Promise<Message[]>
  remove(receipt: string): void
  changeVisibility(receipt: string, seconds: number): void
  size(): number
}

export function createQueue(): Queue {
  const messages = new Map<string, Message>()
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const resume of waiting) resume()
  }
  const take = (most: number, visibilitySeconds: number) => {
    const now = Date.now()
    const taken: Message[] = []
    for (const message of messages.values()) {
      if (taken.length === most) break
      if (message.visibleAt > now) continue
      message.visibleAt = now + visibilitySeconds * 1000
      message.receives += 1
      message.receipt = `${message.id}#${message.receives}`
      taken.push(message)
    }
    return taken
  }
  return {
    send(body, delaySeconds = 0) {
      const id = randomUUID()
      const now = Date.now()
      messages.set(id, { id, body, visibleAt: now + delaySeconds * 1000, receives: 0, sentAt: now, receipt: '' })
      if (delaySeconds > 0) setTimeout(wake, delaySeconds * 1000 + 1).unref()
      else wake()
      return { id, md5: createHash('md5').update(body).digest('hex') }
    },
    async receive({ most, waitSeconds, visibilitySeconds, gone }) {
      const deadline = Date.now() + waitSeconds * 1000
      while (!gone.aborted) {
        const taken = take(most, visibilitySeconds)
        const left = deadline - Date.now()
        if (taken.length > 0 || left <= 0) return taken
        await new Promise<void>((resolve) => {
          const timer = setTimeout(done, Math.min(left, 1000))
          waiting.add(done)
          gone.addEventListener('abort', done)
          function done() {
            clearTimeout(timer)
            waiting.delete(done)
            gone.removeEventListener('abort', done)
            resolve()
          }
        })
      }
      return []
    },
    remove: (receipt) => void messages.delete(receipt.split('#')[0] ?? ''),
    changeVisibility(receipt, seconds) {
      const message = messages.get(receipt.split('#')[0] ?? '')
      if (message) message.visibleAt = Date.now() + seconds * 1000
    },
    size: () => messages.size,
  }
}
