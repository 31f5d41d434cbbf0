import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shellWork } from '../product/shell-work.ts'
import { report } from '../report.ts'
import type { Gateway } from './gateway.ts'
import { guacdVersion, startGuacamole } from './guacamole.ts'
import { type Cost, costOfCrowd, costOfFlood, costOfWork, echoTimes, untilShell } from './measure.ts'
import { startOurGateway } from './our-gateway.ts'
import { type PasswordHost, startPasswordHost } from './password-host.ts'
import { costOfRecording } from './recording.ts'
import { startRelay } from './relay.ts'
import { againstGuacamole, againstRelay, crowded, type Measured } from './rows.ts'

/**
 * One sshd, one user, one password, through our gateway (as built, signed in, recorded), through guacd and guacamole-lite, and through
 * the least that a web terminal on our SSH library can be. Each is warm before it is measured.
 */
const quick = process.argv.includes('--quick')
const FLOOD_MB = quick ? 1 : 16
const FLOODS = quick ? 1 : 5
const KEYS = quick ? 10 : 400
const SESSIONS = quick ? 3 : 200
/** guacd takes about 10 MB and a process a session, and answers late in crowds: fewer, and multiplied. */
const GUACD_SESSIONS = quick ? 2 : 20
const WORK = shellWork('notes.txt').slice(...(quick ? [1, 2] : []))
const WATCH_MS = quick ? 500 : 5_000

async function measure(host: PasswordHost, start: (host: PasswordHost) => Promise<Gateway>, sessions: number) {
  const gateway = await start(host)
  try {
    // First: later its heap has room from floods, and a crowd would seem to cost nothing.
    const crowd = await costOfCrowd(gateway, sessions, WATCH_MS)
    const shell = await gateway.open()
    await untilShell(shell, host)
    if (!quick) {
      await costOfFlood(gateway, shell, host)
      await costOfWork(gateway, shell, WORK)
    }
    const work = await costOfWork(gateway, shell, WORK)
    const floods: Cost[] = []
    while (floods.length < FLOODS) floods.push(await costOfFlood(gateway, shell, host))
    const echo = await echoTimes(shell, KEYS)
    shell.close()
    const flood = floods.sort((a, b) => a.cpuMs - b.cpuMs)[Math.floor(floods.length / 2)] ?? work
    return { name: gateway.name, floodMB: FLOOD_MB, work, flood, echo, crowd, sessions } satisfies Measured
  } finally {
    await gateway.close()
  }
}

const host = await startPasswordHost({ flood: FLOOD_MB })
const folder = mkdtempSync(join(tmpdir(), 'enchilada-bench-recording-'))
try {
  const ours = await measure(host, startOurGateway, SESSIONS)
  const relay = await measure(host, startRelay, SESSIONS)
  const guacamole = guacdVersion() ? await measure(host, startGuacamole, GUACD_SESSIONS) : undefined
  const recording = await costOfRecording(host, folder, { floods: FLOODS, work: WORK, quick })
  report([...againstGuacamole(ours, guacamole), ...againstRelay(ours, relay), ...recording, ...crowded(ours)])
} finally {
  rmSync(folder, { recursive: true, force: true })
  await host.stop()
}
