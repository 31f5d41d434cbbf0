import { EventEmitter } from 'node:events'
import pg from 'pg'
import { reasonOf } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { Secret } from '../kernel/secret.ts'
import type { Notify } from './store.ts'

const CHANNEL = 'enchilada'
const RECONNECT_MS = 1_000
/** A server that vanished without a word keeps its side of the connection silent for ever. */
const LOOK_MS = 10_000
const ANSWER_MS = 5_000

/** LISTEN/NOTIFY on one connection of its own; a lost one is made again until closed. What was missed meanwhile the readers' own polling finds. */
export async function postgresNotify(
  pool: pg.Pool,
  url: Secret,
  log: Log,
  lookMs = LOOK_MS,
): Promise<Notify & { close(): Promise<void> }> {
  const emitter = new EventEmitter()
  emitter.setMaxListeners(0)
  let closed = false
  let client: pg.Client | undefined
  const listen = async () => {
    const next = new pg.Client({
      connectionString: url.reveal(),
      connectionTimeoutMillis: ANSWER_MS,
      query_timeout: ANSWER_MS,
    })
    const lost = (error: unknown) => {
      // A broken connection tells it more than once; one that never came up is the caller's.
      if (closed || client !== next) return
      client = undefined
      log.warn({ reason: reasonOf(error) }, 'the database stopped notifying; listening again')
      void next.end().catch(() => undefined)
      listenAgain()
    }
    next.on('error', lost)
    next.on('notification', ({ payload }) => {
      const { name, body } = JSON.parse(payload ?? '{}')
      if (name) emitter.emit(name, body)
    })
    const ask = () => next.query(`listen ${CHANNEL}`)
    try {
      await next.connect()
      await ask()
    } catch (error) {
      void next.end().catch(() => undefined)
      throw error
    }
    client = next
    const look = setInterval(() => {
      if (client === next) ask().catch(lost)
      else clearInterval(look)
    }, lookMs).unref()
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
      const last = client
      client = undefined
      await last?.end()
    },
  }
}
