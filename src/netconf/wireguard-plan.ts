import type { ClientEngine, NetworkUp } from '../tunnel/network-document.ts'
import type { Handshake, Made, NetworkPlan, Step, System, UndoPlan } from './plan.ts'
import {
  addressSteps,
  darwinRoutes,
  darwinRoutesGone,
  linuxDevice,
  linuxDeviceGone,
  linuxRoutes,
  MTU,
  utun,
} from './system-steps.ts'

type Wireguard = Extract<ClientEngine, { name: 'wireguard' }>

/** Opens the way through the laptop's own NAT, and starts the first handshake. */
const KEEPALIVE_S = '25'

export function wireguardUp(
  system: System,
  document: NetworkUp,
  { port, publicKey, privateKey }: Wireguard,
  folder: string,
): NetworkPlan {
  const { device, address, serverAddress, routes, endpoint } = document
  const key = { path: keyFile(folder, device), text: `${privateKey}\n`, brief: true }
  const allowed = [`${serverAddress}/32`, ...routes]
  const setPeer = (name: string, ...before: string[]): Step => ({
    tries: [
      [
        ...['wg', 'set', name, ...before, 'peer', publicKey, 'endpoint', `${endpoint}:${port}`],
        ...['allowed-ips', allowed.join(','), 'persistent-keepalive', KEEPALIVE_S],
      ],
    ],
  })
  const handshake = (name: string, renew: Step[]): Handshake => ({
    by: 'look',
    look: ['wg', 'show', name, 'latest-handshakes'],
    answered: /\t[1-9]\d*$/m,
    renew,
  })
  const anew = (name: string) => [{ tries: [['wg', 'set', name, 'peer', publicKey, 'remove']] }, setPeer(name)]
  switch (system) {
    case 'linux':
      return {
        files: [key],
        before: [
          linuxDevice('wireguard', device),
          ...addressSteps(device, address),
          setPeer(device, 'private-key', key.path),
        ],
        handshake: handshake(device, anew(device)),
        after: [linuxRoutes(document)],
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
        handshake: handshake(name, anew(name)),
        after: darwinRoutes(device, routes),
      }
    }
    case 'win32': {
      // The service of WireGuard for Windows sets addresses and routes itself, from a file named after the tunnel.
      const lines = [
        ...['[Interface]', `PrivateKey = ${privateKey}`, `Address = ${address}/30`, `MTU = ${MTU}`],
        ...['[Peer]', `PublicKey = ${publicKey}`, `Endpoint = ${endpoint}:${port}`],
        ...[`AllowedIPs = ${allowed.join(', ')}`, `PersistentKeepalive = ${KEEPALIVE_S}`, ''],
      ]
      const path = windowsFile(folder, device)
      return {
        files: [{ path, text: lines.join('\r\n'), brief: false }],
        before: [{ tries: [['wireguard.exe', '/installtunnelservice', path]] }],
        handshake: handshake(device, []),
        after: [],
      }
    }
  }
}

export function wireguardDown(system: System, { device, routes }: Made, folder: string): UndoPlan {
  switch (system) {
    case 'linux':
      // A user-space engine ends with its device.
      return { steps: [linuxDeviceGone(device)], files: [keyFile(folder, device)] }
    case 'darwin':
      return {
        steps: darwinRoutesGone(routes),
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
