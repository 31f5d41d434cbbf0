import type { EngineName } from '../tunnel/engines/engine.ts'
import type { NetworkUp } from '../tunnel/network-document.ts'
import { undoDns } from './dns-plan.ts'
import { openvpnDown, openvpnUp } from './openvpn-plan.ts'
import { wireguardDown, wireguardUp } from './wireguard-plan.ts'

/**
 * What is done to a system, as data: arguments and files. Which of them ran where: docs/tunnel.md. A secret goes by a file that
 * only root reads or by a program's standard input, never by an argument.
 */
export type Step = {
  /** The first that this system can do. */
  tries: readonly (readonly string[])[]
  /** Standard input. */
  input?: string
}
/** `brief`: taken away as soon as the steps that read it are done. */
export type PlannedFile = { path: string; text: string; brief: boolean }

/** How one hears that the server has answered, and what is done anew until it does. */
export type Handshake =
  | {
      by: 'look'
      look: readonly string[]
      answered: RegExp
      /** Makes the peer anew, so that it shakes hands at once; empty where the system's own service does it. */
      renew: readonly Step[]
    }
  | {
      by: 'management'
      /** Of OpenVPN's management interface, by UDP and by TCP. */
      sockets: { udp: string; tcp: string }
      server: { host: string; port: number }
      /** Where UDP does not get through. */
      overTcp: readonly Step[]
    }

export type NetworkPlan = {
  files: readonly PlannedFile[]
  /** Until the peer can answer. */
  before: readonly Step[]
  handshake: Handshake
  /** Once it has answered. */
  after: readonly Step[]
}
/** What to undo needs no more than this, and it holds no secret: it may be written down. */
export type Made = {
  engine: EngineName
  device: string
  routes: readonly string[]
  /** Names were asked through it. */
  dns: boolean
}
export type UndoPlan = { steps: readonly Step[]; files: readonly string[] }

export const folders = {
  linux: '/run/enchilada/netconf',
  darwin: '/var/run/enchilada/netconf',
  win32: 'C:\\ProgramData\\Enchilada\\netconf',
} as const
export type System = keyof typeof folders
export const isSystem = (name: string): name is System => Object.hasOwn(folders, name)

/** `folder`: root's own. */
export function planUp(system: System, document: NetworkUp, folder: string = folders[system]): NetworkPlan {
  const { engine } = document
  switch (engine.name) {
    case 'wireguard':
      return wireguardUp(system, document, engine, folder)
    case 'openvpn':
      return openvpnUp(system, document, engine, folder)
  }
}

export function planDown(system: System, made: Made, folder: string = folders[system]): UndoPlan {
  const { steps, files } = engineDown(system, made, folder)
  return { steps: [...(made.dns ? undoDns(system, made.device) : []), ...steps], files }
}

function engineDown(system: System, made: Made, folder: string): UndoPlan {
  switch (made.engine) {
    case 'wireguard':
      return wireguardDown(system, made, folder)
    case 'openvpn':
      return openvpnDown(system, made, folder)
  }
}
