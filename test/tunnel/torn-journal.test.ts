import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTunnel } from '../../src/tunnel/open-tunnel.ts'
import { settleTorn } from '../../src/tunnel/settle-torn.ts'
import { openStage } from './stage.ts'

let stage: Awaited<ReturnType<typeof openStage>>
beforeAll(async () => {
  stage = await openStage()
}, 60_000)
afterAll(() => stage.close())

test('what a torn file was about is found by its name: server, device and the open connect', async () => {
  const { environment } = stage.wish
  const machine = stage.laptop({})
  const { instanceId } = await openTunnel(machine.parts, stage.wish, machine.signal)
  const [name = ''] = readdirSync(machine.folder).filter((one) => one.endsWith('.json'))
  writeFileSync(join(machine.folder, name), '{"v":1,"lea')
  const {
    entries,
    torn: [file = ''],
  } = await machine.onDisk.list()
  expect(entries).toEqual([])

  // While its environment does not answer, nobody can say that there is no server: the file stays.
  await stage.aws.lab.setFaults([{ action: 'DescribeInstances', code: 'UnauthorizedOperation', status: 403 }])
  await expect(settleTorn(machine.parts, file, [environment])).rejects.toMatchObject({ code: 'TUNNEL_JOURNAL_TORN' })
  await stage.aws.lab.setFaults([])
  expect((await machine.onDisk.list()).torn).toEqual([file])

  await settleTorn(machine.parts, file, [environment])
  expect((await stage.aws.lab.instance(instanceId)).state).toMatch(/shutting-down|terminated/)
  expect(machine.devices.size).toBe(0)
  expect(await machine.onDisk.list()).toEqual({ entries: [], torn: [] })
  const kinds = machine.trail.map(({ kind }) => kind.slice('tunnel.'.length))
  expect(kinds).toEqual(['launched', 'connected', 'disconnected', 'ended'])
  machine.remove()
}, 60_000)
