import { addressAt, rangeOf } from '../tunnel/addresses.ts'
import type { Step } from './plan.ts'

/** Steps that engines share. */

/** 1500, less the most that an engine puts around a packet: WireGuard 80 bytes (wg-quick takes the same), OpenVPN by UDP 52. */
export const MTU = '1420'

export const addressSteps = (device: string, address: string): Step[] => [
  { tries: [['ip', 'addr', 'add', `${address}/30`, 'dev', device]] },
  { tries: [['ip', 'link', 'set', 'dev', device, 'mtu', MTU, 'up']] },
]

export const linuxRoutes = (device: string, routes: readonly string[]): Step[] =>
  routes.map((cidr) => ({ tries: [['ip', 'route', 'add', cidr, 'dev', device]] }))

/** Deleting the device takes its addresses and routes with it. */
export const linuxDeviceGone = (device: string): Step => ({ tries: [['ip', 'link', 'del', 'dev', device]] })

/** macOS names its tunnels utunN; ours begin where no other program's do. */
export const utun = (device: string): string => `utun${1000 + (Number.parseInt(device.slice(4), 16) % 1000)}`

export const darwinRoutes = (device: string, routes: readonly string[]): Step[] =>
  routes.map((cidr) => ({ tries: [['route', '-n', 'add', '-net', networkOf(cidr), '-interface', utun(device)]] }))

export const darwinRoutesGone = (routes: readonly string[]): Step[] =>
  routes.map((cidr) => ({ tries: [['route', '-n', 'delete', '-net', networkOf(cidr)]] }))

const networkOf = (cidr: string): string => `${addressAt(rangeOf(cidr).first)}/${rangeOf(cidr).prefix}`
