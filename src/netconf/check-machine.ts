import { processStart } from '../kernel/process-start.ts'
import type { EngineName } from '../tunnel/engines/engine.ts'
import { netconfErrors } from './errors.ts'
import type { NetconfParts } from './netconf.ts'
import type { Step } from './plan.ts'
import { leastVersion, programsOf } from './programs.ts'
import { linuxDevice, linuxDeviceGone } from './system-steps.ts'

type CheckParts = Pick<NetconfParts, 'system' | 'journal' | 'isInstalled' | 'run'> & {
  attempt(step: Step): Promise<void>
}

/** Finds out whether this machine could be the client of a server: its programs, their versions, and what it may do. */
export async function checkMachine(parts: CheckParts, engine: EngineName): Promise<void> {
  const { system, isInstalled } = parts
  const missing = programsOf[engine][system].find((program) => !isInstalled(program))
  if (missing !== undefined) throw netconfErrors.NETCONF_PROGRAM_MISSING({ program: missing })
  await checkVersion(parts, engine)
  if (system === 'linux') await rehearse(parts, engine)
}

async function checkVersion({ run }: CheckParts, engine: EngineName): Promise<void> {
  const least = leastVersion[engine]
  if (!least) return
  // OpenVPN 2.5 and older end `--version` with 1.
  const { stdout } = await run([least.program, '--version'])
  const [version, major, minor] = /\b(\d+)\.(\d+)[\w.-]*/.exec(stdout) ?? []
  // Whoever words it otherwise is taken at their word.
  if (version === undefined) return
  if (Number(major) > least.major || (Number(major) === least.major && Number(minor) >= least.minor)) return
  throw netconfErrors.NETCONF_PROGRAM_TOO_OLD({
    program: least.program,
    version,
    least: `${least.major}.${least.minor}`,
  })
}

/** Makes a device and takes it away again: no rights, no tun device and no kernel module for it show themselves here. */
async function rehearse({ journal, attempt }: CheckParts, engine: EngineName): Promise<void> {
  const owner = process.pid
  const device = `ench${owner.toString(16).padStart(8, '0')}`
  await journal.write({ engine, device, routes: [], dns: false, owner, ownerStart: processStart(owner) })
  try {
    await attempt(linuxDevice(engine, device))
    await attempt(linuxDeviceGone(device))
  } finally {
    await journal.forget(device)
  }
}
