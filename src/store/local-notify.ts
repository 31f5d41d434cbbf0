import { EventEmitter } from 'node:events'
import type { Notify } from './store.ts'

/** Within one process: SQLite has one, so nobody else needs to hear. */
export function localNotify(): Notify {
  const emitter = new EventEmitter()
  emitter.setMaxListeners(0)
  return {
    async publish(name, payload) {
      emitter.emit(name, payload)
    },
    subscribe(name, listener) {
      emitter.on(name, listener)
      return () => emitter.off(name, listener)
    },
  }
}
