import { addressAt, rangeOf } from '../tunnel/addresses.ts'
import type { EngineName } from '../tunnel/engines/engine.ts'
import type { NetworkUp } from '../tunnel/network-document.ts'
import type { Step } from './plan.ts'

/** Steps that engines share. */

/** 1500, less the most that an engine puts around a packet: WireGuard 80 bytes (wg-quick takes the same), OpenVPN by UDP 52. */
export const MTU = '1420'

/** WireGuard's is the kernel's own, or else in user space, as wg-quick does it. */
export const linuxDevice = (engine: EngineName, device: string): Step =>
  engine === 'wireguard'
    ? {
        tries: [
          ['ip', 'link', 'add', 'dev', device, 'type', 'wireguard'],
          ['wireguard-go', device],
        ],
      }
    : { tries: [['ip', 'tuntap', 'add', 'dev', device, 'mode', 'tun']] }

export const addressSteps = (device: string, address: string): Step[] => [
  { tries: [['ip', 'addr', 'add', `${address}/30`, 'dev', device]] },
  { tries: [['ip', 'link', 'set', 'dev', device, 'mtu', MTU, 'up']] },
]

/** All by one process. Each of another device in one step, so that no packet finds neither; nobody else's route is taken over. */
export const linuxRoutes = ({ device, routes, replaces }: NetworkUp): Step => ({
  tries: [['ip', '-batch', '-']],
  input: routes.map((cidr) => `route ${replaces === undefined ? 'add' : 'replace'} ${cidr} dev ${device}\n`).join(''),
})

/** Deleting the device takes its addresses and routes with it. */
export const linuxDeviceGone = (device: string): Step => ({ tries: [['ip', 'link', 'del', 'dev', device]] })

/** macOS names its tunnels utunN; ours begin where no other program's do. */
export const utun = (device: string): string => `utun${1000 + (Number.parseInt(device.slice(4), 16) % 1000)}`

export const darwinRoutes = (device: string, routes: readonly string[]): Step[] =>
  routes.map((cidr) => ({ tries: [['route', '-n', 'add', '-net', networkOf(cidr), '-interface', utun(device)]] }))

export const darwinRoutesGone = (routes: readonly string[]): Step[] =>
  routes.map((cidr) => ({ tries: [['route', '-n', 'delete', '-net', networkOf(cidr)]] }))

const networkOf = (cidr: string): string => `${addressAt(rangeOf(cidr).first)}/${rangeOf(cidr).prefix}`
