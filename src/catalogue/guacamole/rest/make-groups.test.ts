import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFakeClock } from '../../../../test/fixtures/fake-clock.ts'
import { connectionOf, scopeOf } from '../../../../test/fixtures/guacamole/connections.ts'
import { type FakeGuacamole, startFakeGuacamole } from '../../../../test/fixtures/guacamole/fake-server.ts'
import { restStage } from '../../../../test/fixtures/guacamole/rest-stage.ts'

/** By an account that does not see what others made, and finds it only when it names its own. */
const scope = scopeOf('111122223333')
let server: FakeGuacamole
let stage: Awaited<ReturnType<typeof restStage>>
beforeEach(async () => {
  server = await startFakeGuacamole()
  server.administers = false
  stage = await restStage(server)
})
afterEach(async () => {
  await stage.stop()
  await server.stop()
})
const paths = async () => (await stage.see()).groups.map(({ path }) => path.join('/'))

test('a group at ROOT that cannot be seen is refused with a code, and nothing that was made stays', async () => {
  server.hides.add(await stage.byHand.makeGroup(stage.root))
  const guacamole = stage.open({ clock: createFakeClock() })
  for (const _ of [1, 2, 3]) {
    const pass = guacamole.keepInStep(scope, async () => [connectionOf({ n: 1 })])
    await expect(pass).rejects.toMatchObject({ code: 'GUACAMOLE_GROUP_TAKEN', details: { name: stage.root } })
    expect(await paths()).toEqual([])
  }
})

test('below ROOT nothing stays of the group whose name is taken; its neighbour is kept, and neither is made anew each time', async () => {
  const guacamole = stage.open({ clock: createFakeClock() })
  await guacamole.keepInStep(scope, async () => [connectionOf({ n: 1, group: ['Old'] })])
  const root = (await stage.see()).groups.find(({ path }) => path.length === 1)?.id ?? expect.fail()
  const taken = await stage.byHand.makeGroup('Prod', root)
  server.hides.add(taken)
  const wanted = [
    connectionOf({ n: 1, group: ['Old'] }),
    connectionOf({ n: 2 }),
    connectionOf({ n: 3, group: ['Test'] }),
  ]
  for (const _ of [1, 2, 3]) {
    const pass = guacamole.keepInStep(scope, async () => wanted)
    await expect(pass).rejects.toMatchObject({ code: 'GUACAMOLE_REFUSED', details: { what: 'the group Prod' } })
    expect(await paths()).toEqual([stage.root, `${stage.root}/Old`, `${stage.root}/Test`])
  }
  server.hides.clear()
  await guacamole.keepInStep(scope, async () => wanted)
  expect(await paths()).toContain(`${stage.root}/Prod (2)/eu-west-1`)
})

test('a level that cannot be made takes those above it along', async () => {
  const guacamole = stage.open({ clock: createFakeClock() })
  const old = connectionOf({ n: 1, group: ['Old'] })
  await guacamole.keepInStep(scope, async () => [old])
  for (const applied of [false, true]) {
    // After `Prod`, at what is to be in it.
    server.failPatch(1, applied)
    const pass = guacamole.keepInStep(scope, async () => [old, connectionOf({ n: 2 })])
    await expect(pass).rejects.toMatchObject({ code: 'GUACAMOLE_REFUSED', details: { what: 'the group eu-west-1' } })
    expect(await paths()).toEqual([stage.root, `${stage.root}/Old`])
  }
})
