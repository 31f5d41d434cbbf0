import { addressAt, rangeOf } from '../tunnel/addresses.ts'
import type { NetworkUp } from '../tunnel/network-document.ts'

/**
 * What is done to a system, as data: arguments and files. Which of them ran where: docs/tunnel.md. A secret goes by a file that
 * only root reads, never by an argument.
 */
export type Step = {
  /** The first that this system can do. */
  tries: readonly (readonly string[])[]
}
/** `brief`: taken away as soon as the steps that read it are done. */
export type PlannedFile = { path: string; text: string; brief: boolean }
export type NetworkPlan = {
  files: readonly PlannedFile[]
  /** Until the peer can answer. */
  before: readonly Step[]
  /** Makes the peer anew, so that it shakes hands at once; empty where the system's own service does it. */
  renew: readonly Step[]
  /** Once it has answered. */
  after: readonly Step[]
}
/** What to undo needs no more than this, and it holds no secret: it may be written down. */
export type Made = { device: string; routes: readonly string[] }

export const folders = {
  linux: '/run/enchilada/netconf',
  darwin: '/var/run/enchilada/netconf',
  win32: 'C:\\ProgramData\\Enchilada\\netconf',
} as const
export type System = keyof typeof folders
export const isSystem = (name: string): name is System => Object.hasOwn(folders, name)

// WireGuard's overhead is 80 bytes at most; 1500 - 80 (wg-quick takes the same).
const MTU = '1420'
/** Opens the way through the laptop's own NAT, and starts the first handshake. */
const KEEPALIVE_S = '25'

/** `folder`: root's own. */
export function planUp(system: System, document: NetworkUp, folder: string = folders[system]): NetworkPlan {
  const { device, address, serverAddress, routes, privateKey, peer } = document
  const key = { path: keyFile(folder, device), text: `${privateKey}\n`, brief: true }
  const { address: host, port } = peer.endpoint
  const allowed = [`${serverAddress}/32`, ...routes]
  const setPeer = (name: string, ...before: string[]): Step => ({
    tries: [
      [
        ...['wg', 'set', name, ...before, 'peer', peer.publicKey, 'endpoint', `${host}:${port}`],
        ...['allowed-ips', allowed.join(','), 'persistent-keepalive', KEEPALIVE_S],
      ],
    ],
  })
  const renew = (name: string): Step[] => [
    { tries: [['wg', 'set', name, 'peer', peer.publicKey, 'remove']] },
    setPeer(name),
  ]
  switch (system) {
    case 'linux':
      return {
        files: [key],
        before: [
          // The kernel's own, or else in user space, as wg-quick does it.
          {
            tries: [
              ['ip', 'link', 'add', 'dev', device, 'type', 'wireguard'],
              ['wireguard-go', device],
            ],
          },
          { tries: [['ip', 'addr', 'add', `${address}/30`, 'dev', device]] },
          { tries: [['ip', 'link', 'set', 'dev', device, 'mtu', MTU, 'up']] },
          setPeer(device, 'private-key', key.path),
        ],
        renew: renew(device),
        after: routes.map((cidr) => ({ tries: [['ip', 'route', 'add', cidr, 'dev', device]] })),
      }
    case 'darwin': {
      const name = utun(device)
      return {
        files: [key],
        before: [
          { tries: [['wireguard-go', name]] },
          { tries: [['ifconfig', name, 'inet', `${address}/30`, serverAddress, 'mtu', MTU, 'up']] },
          setPeer(name, 'private-key', key.path),
        ],
        renew: renew(name),
        after: routes.map((cidr) => ({ tries: [['route', '-n', 'add', '-net', networkOf(cidr), '-interface', name]] })),
      }
    }
    case 'win32': {
      // The service of WireGuard for Windows sets addresses and routes itself, from a file named after the tunnel.
      const lines = [
        ...['[Interface]', `PrivateKey = ${privateKey}`, `Address = ${address}/30`, `MTU = ${MTU}`],
        ...['[Peer]', `PublicKey = ${peer.publicKey}`, `Endpoint = ${host}:${port}`],
        ...[`AllowedIPs = ${allowed.join(', ')}`, `PersistentKeepalive = ${KEEPALIVE_S}`, ''],
      ]
      const path = windowsFile(folder, device)
      return {
        files: [{ path, text: lines.join('\r\n'), brief: false }],
        before: [{ tries: [['wireguard.exe', '/installtunnelservice', path]] }],
        renew: [],
        after: [],
      }
    }
  }
}

/** Deleting the device takes its addresses and routes with it, and ends a user-space engine. */
export function planDown(
  system: System,
  { device, routes }: Made,
  folder: string = folders[system],
): { steps: readonly Step[]; files: readonly string[] } {
  switch (system) {
    case 'linux':
      return { steps: [{ tries: [['ip', 'link', 'del', 'dev', device]] }], files: [keyFile(folder, device)] }
    case 'darwin':
      return {
        steps: routes.map((cidr) => ({ tries: [['route', '-n', 'delete', '-net', networkOf(cidr)]] })),
        // wireguard-go ends when its control socket goes (wg-quick for darwin).
        files: [`/var/run/wireguard/${utun(device)}.sock`, keyFile(folder, device)],
      }
    case 'win32':
      return {
        steps: [{ tries: [['wireguard.exe', '/uninstalltunnelservice', device]] }],
        files: [windowsFile(folder, device)],
      }
  }
}

const keyFile = (folder: string, device: string): string => `${folder}/${device}.key`

const windowsFile = (folder: string, device: string): string => `${folder}\\${device}.conf`

/** macOS names its tunnels utunN; ours begin where no other program's do. */
const utun = (device: string): string => `utun${1000 + (Number.parseInt(device.slice(4), 16) % 1000)}`

const networkOf = (cidr: string): string => `${addressAt(rangeOf(cidr).first)}/${rangeOf(cidr).prefix}`
