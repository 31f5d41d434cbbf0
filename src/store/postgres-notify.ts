import { EventEmitter } from 'node:events'
import pg from 'pg'
import { reasonOf } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { Secret } from '../kernel/secret.ts'
import type { Notify } from './store.ts'

const CHANNEL = 'enchilada'
const RECONNECT_MS = 1_000

/** LISTEN/NOTIFY on one connection of its own; a lost one is made again until closed. What was missed meanwhile the readers' own polling finds. */
export async function postgresNotify(
  pool: pg.Pool,
  url: Secret,
  log: Log,
): Promise<Notify & { close(): Promise<void> }> {
  const emitter = new EventEmitter()
  emitter.setMaxListeners(0)
  let closed = false
  let client: pg.Client | undefined
  const listen = async () => {
    const next = new pg.Client({ connectionString: url.reveal(), connectionTimeoutMillis: 5_000, keepAlive: true })
    next.on('error', (error) => {
      // A broken connection tells it more than once; one that never came up is the caller's.
      if (closed || client !== next) return
      client = undefined
      log.warn({ reason: reasonOf(error) }, 'the database stopped notifying; listening again')
      void next.end().catch(() => undefined)
      listenAgain()
    })
    next.on('notification', ({ payload }) => {
      const { name, body } = JSON.parse(payload ?? '{}')
      if (name) emitter.emit(name, body)
    })
    await next.connect()
    await next.query(`listen ${CHANNEL}`)
    client = next
  }
  const listenAgain = () => {
    setTimeout(() => void (closed || listen().catch(listenAgain)), RECONNECT_MS).unref()
  }
  await listen()
  return {
    async publish(name, body) {
      await pool.query('select pg_notify($1, $2)', [CHANNEL, JSON.stringify({ name, body })])
    },
    subscribe(name, listener) {
      emitter.on(name, listener)
      return () => emitter.off(name, listener)
    },
    async close() {
      closed = true
      await client?.end()
    },
  }
}
