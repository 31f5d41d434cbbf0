import { addressAt, rangeOf } from '../tunnel/addresses.ts'
import type { NetworkUp } from '../tunnel/network-document.ts'
import { type Openvpn, openvpnConfig, remoteOf } from './openvpn-config.ts'
import type { Handshake, Made, NetworkPlan, Step, System, UndoPlan } from './plan.ts'
import {
  addressSteps,
  darwinRoutes,
  darwinRoutesGone,
  linuxDevice,
  linuxDeviceGone,
  linuxRoutes,
  utun,
} from './system-steps.ts'

type Transport = 'udp' | 'tcp'
const transports = ['udp', 'tcp'] as const
/** Bytes: the kernel gives as much of it as its own limit allows, and drops less of a burst. By TCP it finds the size itself. */
const BUFFER = 1_048_576
/** By UDP a packet is sent without asking the kernel first whether there is room. Not on Windows (openvpn(8), --fast-io). */
const quick = { udp: ['fast-io', `sndbuf ${BUFFER}`, `rcvbuf ${BUFFER}`], tcp: ['socket-flags TCP_NODELAY'] }

export function openvpnUp(system: System, document: NetworkUp, engine: Openvpn, folder: string): NetworkPlan {
  const { device, address, serverAddress, routes } = document
  /** A client of one transport. It reads its configuration, keys and all, from standard input; no file holds them. */
  const start = (transport: Transport, ...own: string[]): Step => ({
    tries: [['openvpn', '--config', 'stdin']],
    input: openvpnConfig(
      engine,
      [remoteOf(document, engine, transport)],
      [
        ...own,
        ...quick[transport],
        `daemon ${device}`,
        `writepid ${pidFile(folder, device, transport)}`,
        `management ${socketFile(folder, device, transport)} unix`,
        'management-client-user root',
        // It begins when told to: no attempt is made that nobody watches.
        'management-hold',
      ],
    ),
  })
  const handshake = (...own: string[]): Handshake => ({
    by: 'management',
    sockets: { udp: socketFile(folder, device, 'udp'), tcp: socketFile(folder, device, 'tcp') },
    server: { host: document.endpoint, port: engine.port },
    overTcp: [stopClient(folder, device, 'udp'), start('tcp', ...own)],
  })
  switch (system) {
    case 'linux': {
      // The device is ours, so OpenVPN has no address to set; it gives up root as soon as the device is open.
      const own = [`dev ${device}`, 'ifconfig-noexec', 'disable-dco', 'user nobody']
      return {
        files: [],
        before: [linuxDevice('openvpn', device), ...addressSteps(device, address), start('udp', ...own)],
        handshake: handshake(...own),
        after: [linuxRoutes(document)],
      }
    }
    case 'darwin': {
      const own = [`dev ${utun(device)}`, 'topology subnet', `ifconfig ${address} 255.255.255.252`]
      return {
        files: [],
        before: [start('udp', ...own)],
        handshake: handshake(...own),
        after: darwinRoutes(device, routes),
      }
    }
    case 'win32': {
      // OpenVPN's automatic service sets addresses and routes itself and takes the next way when one does not answer.
      const own = [`dev-node ${device}`, ...routes.map((cidr) => `route ${networkAndMask(cidr)} ${serverAddress}`)]
      const remotes = transports.map((transport) => remoteOf(document, engine, transport))
      return {
        files: [
          {
            path: windowsFile(device),
            text: openvpnConfig(engine, remotes, own).replaceAll('\n', '\r\n'),
            brief: false,
          },
        ],
        before: [{ tries: [['tapctl.exe', 'create', '--name', device, '--hwid', 'ovpn-dco']] }, ...restartService],
        handshake: {
          by: 'look',
          look: ['netsh.exe', 'interface', 'ipv4', 'show', 'addresses', device],
          answered: new RegExp(`\\b${address.replaceAll('.', '\\.')}\\b`),
          renew: [],
        },
        after: [],
      }
    }
  }
}

export function openvpnDown(system: System, { device, routes }: Made, folder: string): UndoPlan {
  const stop = transports.map((transport) => stopClient(folder, device, transport))
  const files = transports.flatMap((transport) => [
    pidFile(folder, device, transport),
    socketFile(folder, device, transport),
  ])
  switch (system) {
    case 'linux':
      return { steps: [...stop, linuxDeviceGone(device)], files }
    case 'darwin':
      return { steps: [...darwinRoutesGone(routes), ...stop], files }
    case 'win32':
      return {
        steps: [
          { tries: [['cmd.exe', '/c', 'del', windowsFile(device)]] },
          ...restartService,
          { tries: [['tapctl.exe', 'delete', device]] },
        ],
        files: [],
      }
  }
}

const restartService: Step[] = ['stop', 'start'].map((verb) => ({ tries: [['net.exe', verb, 'OpenVPNService']] }))

/** By the id that the process wrote down, and only if it is an OpenVPN still. */
const stopClient = (folder: string, device: string, transport: Transport): Step => ({
  tries: [['pkill', '-F', pidFile(folder, device, transport), '-x', 'openvpn']],
})

const pidFile = (folder: string, device: string, transport: Transport) => `${folder}/${device}.${transport}.pid`

const socketFile = (folder: string, device: string, transport: Transport) => `${folder}/${device}.${transport}.sock`

const windowsFile = (device: string): string => `C:\\Program Files\\OpenVPN\\config-auto\\${device}.ovpn`

function networkAndMask(cidr: string): string {
  const { first, last } = rangeOf(cidr)
  return `${addressAt(first)} ${addressAt(2 ** 32 - 1 - (last - first))}`
}
