import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type PortalStage, setPortalStage } from '../../test/fixtures/portal-stage.ts'
import { startSshd, type TestSshd } from '../../test/fixtures/sshd.ts'
import { closeCodes, TERMINAL_PROTOCOL } from './contract/terminal.ts'

let sshd: TestSshd
let stage: PortalStage

beforeAll(async () => {
  sshd = await startSshd()
  stage = await setPortalStage(sshd)
})
afterAll(async () => {
  await stage.close()
  await sshd.stop()
})

test('what a refused socket still says harms nobody', async () => {
  const ada = await stage.visitor('ada', ['engineer'])
  const url = new URL('/api/v1/terminal?ticket=none', stage.origin.replace('http', 'ws'))
  const refused = new WebSocket(url, TERMINAL_PROTOCOL, { headers: { cookie: ada.cookie, origin: stage.origin } })
  // At once: it has not heard yet that it is refused.
  refused.once('open', () => refused.send(Buffer.alloc(257 * 1024, 'x')))
  const [code] = await once(refused, 'close')
  expect(code).toBe(closeCodes['bad-ticket'])
  expect((await ada.get('/api/v1/me')).status).toBe(200)
})
