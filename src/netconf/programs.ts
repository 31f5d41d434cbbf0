import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { EngineName } from '../tunnel/engines/engine.ts'
import type { System } from './plan.ts'

/** What a laptop needs of each engine. wireguard-go is for Linux kernels without WireGuard, so its steps say when it is missing. */
export const programsOf: Readonly<Record<EngineName, Readonly<Record<System, readonly string[]>>>> = {
  wireguard: { linux: ['wg'], darwin: ['wg', 'wireguard-go'], win32: ['wg.exe', 'wireguard.exe'] },
  openvpn: { linux: ['openvpn'], darwin: ['openvpn'], win32: ['tapctl.exe'] },
}

/** Of the programs that say it themselves; `peer-fingerprint` is new in OpenVPN 2.6. */
export const leastVersion: Readonly<Partial<Record<EngineName, { program: string; major: number; minor: number }>>> = {
  openvpn: { program: 'openvpn', major: 2, minor: 6 },
}

export const isInstalled = (program: string, path = process.env['PATH'] ?? ''): boolean =>
  path.split(delimiter).some((folder) => isExecutable(join(folder, program)))

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
