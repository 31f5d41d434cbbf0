import { afterAll, beforeAll, expect, test } from 'vitest'
import { type PortalStage, setPortalStage } from '../../../test/fixtures/portal-stage.ts'
import { startSshd, type TestSshd } from '../../../test/fixtures/sshd.ts'
import { ownPath } from './sign-in.ts'

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

test('who asks for the way in without end is refused, and not written down each time', async () => {
  const statuses: number[] = []
  for (let n = 0; n < 60; n += 1) {
    statuses.push((await fetch(`${stage.origin}/sign-in`, { redirect: 'manual' })).status)
  }
  expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(30)
  expect(await stage.records('sign-in.refused')).toEqual([])
})

test.each(['/.//evil.example/x', '/..//evil.example/x', 'ORIGIN//evil.example/x', '/\\evil.example', '//evil.example'])(
  'after signing in nobody is sent to %s',
  (wanted) => {
    const origin = 'https://portal.example'
    const path = ownPath(wanted.replace('ORIGIN', origin), origin)
    expect(new URL(path, origin).origin).toBe(origin)
  },
)
