import { expect, test } from 'vitest'
import { createFakeClock } from '../../../../test/fixtures/fake-clock.ts'
import { connectionOf, scopeOf } from '../../../../test/fixtures/guacamole/connections.ts'
import { dyingAfter } from '../../../../test/fixtures/guacamole/dying-session.ts'
import { startFakeGuacamole } from '../../../../test/fixtures/guacamole/fake-server.ts'
import { restStage } from '../../../../test/fixtures/guacamole/rest-stage.ts'
import { settingsFor } from '../../../../test/fixtures/guacamole/stage.ts'
import { guacamoleRest } from './guacamole-rest.ts'
import type { RestSession } from './session.ts'
import { closeSessionsOn } from './sessions.ts'

const scope = scopeOf('111122223333')

test('a grant of a pass that was cut short is taken back when nobody wants it any more, whichever call was the last', async () => {
  const server = await startFakeGuacamole()
  const stage = await restStage(server)
  const pass = (session: RestSession, readers: readonly string[], ...numbers: number[]) =>
    guacamoleRest({
      ...{ session, settings: settingsFor(stage.root), readersOf: () => readers, secrets: [] },
      ...{
        clock: createFakeClock(),
        alone: (work) => work(),
        closeSessions: closeSessionsOn([session], createFakeClock()),
      },
    }).keepInStep(scope, async () => numbers.map((n) => connectionOf({ n, group: [n === 1 ? 'Old' : 'New'] })))
  let isWhole = false
  for (let calls = 0; !isWhole && calls < 30; calls += 1) {
    server.reset()
    await pass(stage.session, ['operators'], 1)
    const dying = dyingAfter(calls, stage.session)
    isWhole = await pass(dying, ['engineers'], 1, 2).then(
      () => true,
      () => false,
    )
    await pass(stage.session, [], 1, 2)
    const { connections, groups } = await stage.see()
    const readers = [...connections, ...groups].filter((one) => one.readers.length > 0)
    expect([calls, connections.length, readers]).toEqual([calls, 2, []])
  }
  expect(isWhole).toBe(true)
  await stage.stop()
  await server.stop()
})
