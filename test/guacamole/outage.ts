import { builtInCatalogue } from '../../src/catalogue/built-in.ts'
import { createFollower } from '../../src/guacamole/follow.ts'
import { silentLog } from '../../src/kernel/log.ts'
import { formatScope } from '../../src/model/scope.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { createFakeClock } from '../fixtures/fake-clock.ts'
import { startFakeGuacamole } from '../fixtures/guacamole/fake-server.ts'
import { restStage } from '../fixtures/guacamole/rest-stage.ts'
import { checksum } from './bad-day.ts'
import { fleets, readersOf, scope } from './fleets.ts'

const settled = async (isSo: () => Promise<boolean>): Promise<boolean> => {
  for (let tries = 0; tries < 200; tries += 1) {
    // Looked at while somebody writes, what was listed may be gone when it is asked for.
    if (await isSo().catch(() => false)) return true
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  return false
}

/** Guacamole is away for ten minutes by the clock while instances come and go: half a minute after it is back it has them all. */
export async function runOutage(): Promise<string[]> {
  const server = await startFakeGuacamole()
  const stage = await restStage(server)
  const store = await openSqlite(':memory:')
  const clock = createFakeClock()
  const builtIn = builtInCatalogue(() => ({ tags: [], persons: [] }))
  const target = stage.open({ clock, readersOf })
  const follower = createFollower({ store, builtIn, target, clock, log: silentLog, lookEvery: 3_600_000 })
  const stop = new AbortController()
  const running = follower.run(stop.signal)
  const observed = async (which: keyof typeof fleets) => {
    await builtIn.write(store.db, scope, fleets[which], clock.now())
    await store.notify.publish('scope', { scope: formatScope(scope) })
  }
  const names = async () =>
    (await stage.see()).connections.filter((one) => one.ours && one.path[1] !== 'Ended').map((one) => one.name)
  const holds = (which: keyof typeof fleets) => async () =>
    String((await names()).sort()) === String(fleets[which].map((one) => one.name).sort())
  const faults: string[] = []
  try {
    await observed('before')
    if (!(await settled(holds('before')))) faults.push(`before: ${await names()}`)
    await stage.byHand.makeConnection('by hand', undefined, { hostname: '192.0.2.1' })
    const theirs = checksum(await stage.see())
    server.away = true
    await observed('after')
    const calls = server.calls.length
    for (let minute = 0; minute < 10; minute += 0.5) await clock.advance(30_000)
    if (server.calls.length - calls > 100) faults.push(`${server.calls.length - calls} calls to a server that is away`)
    server.away = false
    await clock.advance(30_000)
    if (!(await settled(holds('after')))) faults.push(`after: ${await names()}`)
    if (checksum(await stage.see()) !== theirs) faults.push('what is not ours changed')
  } finally {
    stop.abort()
    await running
    await store.close()
    await stage.stop()
    await server.stop()
  }
  return faults
}
