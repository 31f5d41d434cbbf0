import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTunnel } from '../../src/tunnel/open-tunnel.ts'
import { networksOf } from '../../src/tunnel/target.ts'
import { openStage } from './stage.ts'

let stage: Awaited<ReturnType<typeof openStage>>
beforeAll(async () => {
  stage = await openStage()
}, 60_000)
afterAll(() => stage.close())

test('an environment whose networks another open tunnel has: refused by its name, but for hosts by address', async () => {
  const machine = stage.laptop({})
  const first = await openTunnel(machine.parts, stage.wish, machine.signal)
  const [device = ''] = machine.devices
  const parts = {
    ...machine.parts,
    localNetworks: async () => networksOf(first.lease.leased).map((cidr) => ({ cidr, device })),
  }
  const [network = ''] = first.lease.leased
  await expect(openTunnel(parts, stage.wish, machine.signal)).rejects.toMatchObject({
    code: 'TUNNEL_CLASH_OF_TUNNELS',
    message: expect.stringContaining(`${network} is behind the tunnel into lab too`),
    hint: expect.stringContaining('enchilada down lab'),
  })
  expect((await stage.aws.lab.instances()).filter(({ state }) => state !== 'terminated')).toHaveLength(1)

  const second = await openTunnel(parts, { ...stage.wish, to: ['10.200.0.20'] }, machine.signal)
  expect(machine.devices.size).toBe(2)
  for (const tunnel of [second, first]) await tunnel.close('asked')
  expect(await machine.onDisk.list()).toEqual({ entries: [], torn: [] })
  machine.remove()
}, 60_000)
