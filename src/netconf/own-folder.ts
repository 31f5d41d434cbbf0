import { win32 } from 'node:path'
import type { Step, System } from './plan.ts'

/** LocalSystem and the administrators, by numbers: their names are in the language of the system. */
const [SYSTEM, ADMINISTRATORS] = ['*S-1-5-18', '*S-1-5-32-544']

/**
 * Makes the folder root's own where its mode does not. In ProgramData anybody makes files and reads all that is there, and whoever owns a
 * folder says who may: so for the one above it too.
 */
export function ownFolder(system: System, folder: string): Step[] {
  if (system !== 'win32') return []
  return [win32.dirname(folder), folder].flatMap((one) => [
    { tries: [['icacls.exe', one, '/setowner', ADMINISTRATORS]] },
    {
      tries: [['icacls.exe', one, '/inheritance:r', '/grant:r', `${SYSTEM}:(OI)(CI)F`, `${ADMINISTRATORS}:(OI)(CI)F`]],
    },
  ])
}
