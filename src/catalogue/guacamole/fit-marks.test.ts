import { describe, expect, test } from 'vitest'
import { createFakeClock } from '../../../test/fixtures/fake-clock.ts'
import { connectionOf, scopeOf } from '../../../test/fixtures/guacamole/connections.ts'
import { startFakeGuacamole } from '../../../test/fixtures/guacamole/fake-server.ts'
import { restStage } from '../../../test/fixtures/guacamole/rest-stage.ts'
import { openGuacamoleDatabase, sqlStage } from '../../../test/fixtures/guacamole/sql-stage.ts'
import type { GuacamoleStage } from '../../../test/fixtures/guacamole/stage.ts'
import { startMariadb } from '../../../test/fixtures/mariadb.ts'
import { startPostgres } from '../../../test/fixtures/postgres.ts'
import type { Connection } from '../../model/connection.ts'

type Stage = { stage: GuacamoleStage; stop(): Promise<void> }

async function byRest(): Promise<Stage> {
  const server = await startFakeGuacamole()
  const stage = await restStage(server)
  return {
    stage,
    async stop() {
      await stage.stop()
      await server.stop()
    },
  }
}

const bySql = (start: typeof startPostgres | typeof startMariadb) => async (): Promise<Stage> => {
  const server = await start()
  const database = await openGuacamoleDatabase(server.url, 'marks')
  return {
    stage: sqlStage(database),
    async stop() {
      await database.close()
      await server.stop()
    },
  }
}

/** As long as the object ids of Entra. */
const group = (n: number) => `${String(n).padStart(8, '0')}-5a1c-4d0e-9b7f-2c3d4e5f6a7b`
const groups = (from: number, count: number) => [...Array(count).keys()].map((n) => group(from + n))
const nothing = { put: [], removed: [], refused: [] }
const tooMany = { error: { code: 'GUACAMOLE_READERS_TOO_MANY', retryable: false } }

const ways = { 'by REST': byRest, 'on PostgreSQL': bySql(startPostgres), 'on MariaDB': bySql(startMariadb) }

describe.each(Object.entries(ways))('%s', (_, start) => {
  test('whom a mark has no room for is told and given nothing; all else is written, and no grant is forgotten', async () => {
    const { stage, stop } = await start()
    let readersOf = ({ instanceId }: Connection) => groups(Number.parseInt(instanceId.slice(2), 16) * 12, 12)
    const guacamole = stage.open({ clock: createFakeClock(), readersOf: (one) => readersOf(one) })
    const step = (from: number, count: number) =>
      guacamole.keepInStep(scopeOf('111122223333'), async () =>
        [...Array(count).keys()].map((n) => connectionOf({ n: from + n })),
      )
    const readersOfRoot = async () => (await stage.see()).groups.find(({ path }) => path.length === 1)?.readers ?? []
    expect(await step(10, 8)).toMatchObject({ put: { length: 8 }, refused: [] })
    expect(await readersOfRoot()).toEqual(groups(120, 96))
    // One ends, four are new: theirs would make it 132.
    const full = await step(11, 11)
    expect(full).toMatchObject({ put: { length: 4 }, removed: { length: 1 }, refused: [tooMany] })
    const most = (await readersOfRoot()).length
    // Those of the ended one made room when they were taken away.
    expect(await step(11, 11)).toMatchObject({ removed: [], refused: [tooMany] })
    const root = await readersOfRoot()
    expect(root.length).toBeGreaterThan(most)
    expect(root).toEqual(groups(132, root.length))
    for (const { name, readers } of (await stage.see()).connections.filter(({ path }) => !path.includes('Ended'))) {
      const own = groups(Number(name.slice('host-'.length)) * 12, 12)
      expect(readers).toEqual(own.filter((one) => root.includes(one)))
    }
    const rest = await step(11, 11)
    expect(rest).toMatchObject({ put: [], removed: [], refused: [tooMany] })
    // As many as fit are enough for everybody.
    expect(await step(11, 8)).toMatchObject({ removed: { length: 3 }, refused: [] })
    expect(await step(11, 8)).toEqual(nothing)
    expect(await readersOfRoot()).toEqual(groups(132, 96))
    readersOf = () => []
    await step(11, 8)
    const seen = await stage.see()
    expect([...seen.connections, ...seen.groups].filter(({ readers }) => readers.length > 0)).toEqual([])
    expect(await step(11, 8)).toEqual(nothing)
    await stop()
  })

  test('a connection of its own with more user groups than its mark has room for', async () => {
    const { stage, stop } = await start()
    let readers = groups(0, 150)
    const guacamole = stage.open({ clock: createFakeClock(), readersOf: () => readers })
    const wanted = connectionOf({ n: 1 })
    const step = () => guacamole.keepInStep(scopeOf('111122223333'), async () => [wanted])
    expect(await step()).toMatchObject({ put: [wanted.id], refused: [{ id: wanted.id, ...tooMany }] })
    const [before] = (await stage.see()).connections
    expect(before?.readers.length).toBeGreaterThan(90)
    expect(before?.readers).toEqual(groups(0, before?.readers.length ?? 0))
    expect(await step()).toMatchObject({ put: [], removed: [], refused: [tooMany] })
    // Who had it keeps it.
    readers = ['a', ...groups(0, 150)]
    expect(await step()).toMatchObject({ refused: [tooMany] })
    expect((await stage.see()).connections[0]?.readers).toEqual(expect.arrayContaining([...(before?.readers ?? [])]))
    readers = groups(140, 10)
    for (const _ of [0, 1]) await step()
    expect((await stage.see()).connections[0]?.readers).toEqual(readers)
    expect((await stage.see()).groups.map((one) => one.readers)).toEqual([readers, readers, readers])
    expect(await step()).toEqual(nothing)
    await stop()
  })
})
