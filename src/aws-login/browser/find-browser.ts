import { accessSync, constants } from 'node:fs'
import { posix, win32 } from 'node:path'
import { loginErrors } from '../errors.ts'

type Env = Readonly<Record<string, string | undefined>>
export type Machine = { platform: NodeJS.Platform; env: Env; isProgram: (path: string) => boolean }

export const browserNames = ['chrome', 'edge', 'chromium'] as const
export type BrowserName = (typeof browserNames)[number]

/** Names on the PATH (Linux), applications (macOS), folders below Program Files and the user's own (Windows). */
const PROGRAMS: Readonly<Record<BrowserName, { linux: readonly string[]; darwin: string; win32: string }>> = {
  chrome: {
    linux: ['google-chrome-stable', 'google-chrome', 'google-chrome-beta'],
    darwin: 'Google Chrome.app/Contents/MacOS/Google Chrome',
    win32: String.raw`Google\Chrome\Application\chrome.exe`,
  },
  edge: {
    linux: ['microsoft-edge-stable', 'microsoft-edge'],
    darwin: 'Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
    win32: String.raw`Microsoft\Edge\Application\msedge.exe`,
  },
  chromium: {
    linux: ['chromium', 'chromium-browser'],
    darwin: 'Chromium.app/Contents/MacOS/Chromium',
    win32: String.raw`Chromium\Application\chrome.exe`,
  },
}

export const thisMachine = (): Machine => ({ platform: process.platform, env: process.env, isProgram })

/** The program of a browser of this machine: one by name, by path, or the first there is. */
export function findBrowser(wanted: string | undefined, machine: Machine = thisMachine()): string {
  const named = browserNames.find((name) => name === wanted)
  const places = wanted !== undefined && !named ? [wanted] : placesOf(named ? [named] : browserNames, machine)
  const found = places.find(machine.isProgram)
  if (found) return found
  throw loginErrors.LOGIN_BROWSER_NOT_FOUND({ asked: wanted ?? `none of ${browserNames.join(', ')} is installed` })
}

/** Where to look, in order. */
export function placesOf(names: readonly BrowserName[], { platform, env }: Machine): string[] {
  const under = (folders: readonly (string | undefined)[], join: (...parts: string[]) => string, path: string) =>
    folders.flatMap((folder) => (folder ? [join(folder, path)] : []))
  return names.flatMap((name) => {
    const { linux, darwin, win32: windows } = PROGRAMS[name]
    if (platform === 'win32') {
      const folders = [env['PROGRAMFILES'], env['PROGRAMFILES(X86)'], env['LOCALAPPDATA']]
      return under(folders, win32.join, windows)
    }
    if (platform === 'darwin') {
      return under(['/Applications', env['HOME'] && posix.join(env['HOME'], 'Applications')], posix.join, darwin)
    }
    const path = (env['PATH'] ?? '').split(':')
    return linux.flatMap((program) => under(path, posix.join, program))
  })
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
