import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { NetworkUp } from '../../src/tunnel/network-document.ts'
import { openTunnel, type TunnelParts, type TunnelWish } from '../../src/tunnel/open-tunnel.ts'
import { openStage } from './stage.ts'

/** 10.200.0.0/24, which the stack gives the management VPC, plus two. */
const RESOLVER = '10.200.0.2'

let stage: Awaited<ReturnType<typeof openStage>>
beforeAll(async () => {
  stage = await openStage()
}, 60_000)
afterAll(() => stage.close())

/** A machine whose privileged door sets every zone but `taken`. */
async function open(wish: Partial<TunnelWish>, taken?: string) {
  const machine = stage.laptop({})
  const told: NetworkUp[] = []
  const door: TunnelParts['door'] = {
    async apply(document) {
      if (document.action !== 'up') return {}
      told.push(document)
      if (taken === undefined) return { zones: document.dns?.zones }
      const warning = { code: 'NETCONF_ZONE_TAKEN', message: taken, retryable: false, hint: '' }
      return { zones: document.dns?.zones.filter((zone) => zone !== taken), warnings: [warning] }
    },
  }
  const tunnel = await openTunnel({ ...machine.parts, door }, { ...stage.wish, ...wish }, machine.signal)
  const [entry] = (await machine.onDisk.list()).entries
  const script = gunzipSync(Buffer.from(entry?.requests[0]?.UserData ?? '', 'base64')).toString()
  await tunnel.close('asked')
  machine.remove()
  return { tunnel, entry, script, document: told[0] }
}

const peer = () => stage.organisation.accounts['workload-1'].networks['eu-west-1']?.vpcCidr.split('/')[0] ?? ''

test('a tunnel into the VPC leads to its resolver, for the names that the environment lists and those of its own', async () => {
  const { tunnel, entry, script, document } = await open({})
  expect(document?.dns?.resolver).toBe(RESOLVER)
  expect(document?.dns?.zones).toEqual(
    expect.arrayContaining(['corp.example', 'eu-west-1.compute.internal', '0.200.10.in-addr.arpa']),
  )
  expect(tunnel.lease.leased).toContain(`${RESOLVER}:53`)
  // One route to the VPC is enough.
  expect(document?.routes).not.toContain(`${RESOLVER}/32`)
  expect(script).toContain(`ip route replace throw ${RESOLVER} proto kernel table 4510`)
  expect(tunnel.dns).toEqual(document?.dns)
  expect(entry?.dns).toEqual(tunnel.dns)
})

test('a lease of one host has no resolver, unless it is asked for; a server that takes its place has the same', async () => {
  const to = [`${peer()}:22`]
  const narrow = await open({ to, dns: false })
  expect(narrow.document?.dns).toBeUndefined()
  expect(narrow.tunnel.lease.leased).toEqual(to)
  expect(narrow.script).not.toContain('dport 53')
  const named = await open({ to, dns: true })
  expect(named.document?.routes).toEqual([`${peer()}/32`, `${RESOLVER}/32`])
  expect(named.script).toContain(`to ${RESOLVER}/32 ipproto udp dport 53`)
  const again = await open({ to: named.tunnel.lease.leased, dns: true })
  expect(again.tunnel.lease.leased).toEqual(named.tunnel.lease.leased)
})

test('what this machine asks elsewhere is told, and is not in force', async () => {
  const { tunnel, entry } = await open({}, 'corp.example')
  expect(tunnel.warnings).toMatchObject([{ code: 'NETCONF_ZONE_TAKEN', message: 'corp.example' }])
  expect(tunnel.dns?.zones).not.toContain('corp.example')
  expect(entry?.dns?.zones).toContain('eu-west-1.compute.internal')
})

test('an address that the VPC does not lead to is no resolver, and nothing is launched for it', async () => {
  const [network] = stage.wish.environment.networks
  if (!network) throw new Error('the stack printed no network')
  const wish = { network: { ...network, resolver: '192.0.2.53' } }
  await expect(open(wish)).rejects.toMatchObject({ code: 'TUNNEL_NOTHING_TO_ROUTE' })
})
