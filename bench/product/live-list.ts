import type { CatalogueEvent } from '../../src/portal/contract/connections.ts'
import type { Visitor } from './visitor.ts'

/** The list as an open page has it: told of changes by server-sent events. */
export type LiveList = {
  /** Resolves with the next change of this connection, or when something may have been missed. */
  news(connectionId: string): Promise<void>
  close(): void
}

export async function followList(visitor: Visitor): Promise<LiveList> {
  const stop = new AbortController()
  const answer = await visitor.get('/api/v1/connections/events', stop.signal)
  if (!answer.ok || !answer.body) throw new Error(`the list's events answered ${answer.status}`)
  const waiting = new Map<string, (() => void)[]>()
  const wake = (id: string) => {
    for (const resolve of waiting.get(id) ?? []) resolve()
    waiting.delete(id)
  }
  const take = (event: string) => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(event)?.[1] ?? ''
    if (field('event') === 'reset') for (const id of [...waiting.keys()]) wake(id)
    if (field('event') !== 'catalogue') return
    const { changed, removed } = JSON.parse(field('data')) as CatalogueEvent
    for (const id of [...changed.map((one) => one.id), ...removed]) wake(id)
  }
  const read = async (body: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder()
    let rest = ''
    for await (const bytes of body) {
      const events = (rest + decoder.decode(bytes, { stream: true })).split('\n\n')
      rest = events.pop() ?? ''
      events.forEach(take)
    }
  }
  read(answer.body).catch(() => undefined)
  return {
    news: (id) => new Promise((resolve) => waiting.set(id, [...(waiting.get(id) ?? []), resolve])),
    close: () => stop.abort(),
  }
}
