import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFakeClock } from '../../test/fixtures/fake-clock.ts'
import { type FakeGuacamole, startFakeGuacamole } from '../../test/fixtures/guacamole/fake-server.ts'
import { createRestSession } from '../catalogue/guacamole/rest/session.ts'
import { Secret } from '../kernel/secret.ts'
import { checkNode } from './check.ts'

let server: FakeGuacamole
beforeAll(async () => {
  server = await startFakeGuacamole()
})
afterAll(() => server.stop())

test.each([
  [true, 'ok'],
  [false, 'warn'],
])('whether live sessions can be ended is told: administrator %s, %s', async (administers, state) => {
  server.administers = administers
  const clock = createFakeClock()
  const session = createRestSession({ ...server, password: new Secret(server.password), clock })
  expect(await checkNode(session, server.url, clock)).toContainEqual(
    expect.objectContaining({ what: 'sessions', state }),
  )
  await session.close()
})
