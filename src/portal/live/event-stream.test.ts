import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type PortalStage, setPortalStage } from '../../../test/fixtures/portal-stage.ts'
import { startSshd, type TestSshd } from '../../../test/fixtures/sshd.ts'

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

const followers = async () =>
  (await stage.metrics.getSingleMetric('enchilada_live_lists')?.get())?.values.find(
    ({ labels }) => labels['list'] === 'sessions',
  )?.value ?? 0

test('a live list that nobody reads ends with the web session', async () => {
  const visitor = await stage.visitor('ada', ['engineer'])
  // Answered as a GET whose body is left alone.
  await fetch(`${stage.origin}/api/v1/sessions/events`, { method: 'HEAD', headers: { cookie: visitor.cookie } })
  expect(await followers()).toBe(1)
  const connection = await stage.gateway.addConnection()
  const shell = visitor.socket(await visitor.ticket(`/api/v1/connections/${connection}/tickets`))
  shell.start()
  await shell.heard('connected')
  await fetch(`${stage.origin}/sign-out`, {
    redirect: 'manual',
    headers: { cookie: visitor.cookie, 'sec-fetch-site': 'same-origin' },
  })
  await vi.waitFor(async () => expect(await followers()).toBe(0), 5_000)
})
