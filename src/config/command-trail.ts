import { chownSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import envPaths from 'env-paths'
import { dayFile } from '../audit/chain-files.ts'
import { auditErrors } from '../audit/errors.ts'
import { openLogTrail, openTrail } from '../audit/trail.ts'
import { systemClock as clock, toIso } from '../kernel/clock.ts'
import { reasonOf } from '../kernel/errors.ts'
import { createLog } from '../kernel/log.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { holdFile } from '../store/hold-file.ts'
import { openLogGroup } from './audit-stores.ts'
import type { Loaded } from './load-config.ts'

/** Another command of the same person writes its one record in a moment. */
const WAIT_MS = 10_000

/**
 * Tells the trail what somebody does by the command line, past the portal: in a chain of this user on this machine, where the
 * configuration says. Who it is, the machine says and nobody has checked: a claim. Rejects with AUDIT_UNAVAILABLE or AUDIT_SINK_….
 */
export async function recordCommand(
  loaded: Loaded,
  event: Pick<AuditEvent, 'kind' | 'subject' | 'session' | 'data'>,
): Promise<void> {
  const user = userName()
  const host = hostname()
  const writer = `cli-${plain(host)}-${plain(user)}`.slice(0, 128)
  const held = await hold(loaded, writer)
  try {
    const trail = await held.open()
    try {
      const sudo = process.env['SUDO_USER']
      const data = { ...event.data, user, host, ...(sudo === undefined ? {} : { sudoUser: sudo }) }
      await trail.record({ ...event, actor: `os-user:${user}@${host}`, source: 'claim', data })
    } finally {
      await trail.close()
    }
  } finally {
    held.release()
  }
}

const plain = (name: string): string => name.replace(/[^A-Za-z0-9-]/g, '-')

function userName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}

async function hold(loaded: Loaded, writer: string) {
  const log = createLog(process.env['LOG_LEVEL'] ?? 'warn', 'enchilada')
  const { audit } = loaded.config
  const directory = resolve(loaded.folder, audit.directory)
  const lock = audit.cloudWatchLogs
    ? join(envPaths('enchilada', { suffix: '' }).log, `${writer}.lock`)
    : join(directory, writer, 'lock')
  try {
    if (!audit.cloudWatchLogs) giveToOwner(directory, [lock, dayFile(directory, writer, toIso(clock.now()))])
    mkdirSync(dirname(lock), { recursive: true, mode: 0o700 })
    const { release } = holdFile(lock, WAIT_MS)
    const open = async () =>
      audit.cloudWatchLogs
        ? openLogTrail({ group: await openLogGroup(loaded, audit.cloudWatchLogs.group), writer, clock, log })
        : openTrail({ directory, writer, clock, log })
    return { open, release }
  } catch (cause) {
    throw auditErrors.AUDIT_UNAVAILABLE({ reason: reasonOf(cause) }, { cause })
  }
}

/** What root writes must stay readable for the user that `serve` runs as: the notary reads every chain. */
function giveToOwner(directory: string, files: readonly string[]): void {
  const { uid, gid } = statSync(directory)
  for (const path of files) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    closeSync(openSync(path, 'a', 0o600))
    if (process.getuid?.() !== 0) continue
    chownSync(dirname(path), uid, gid)
    chownSync(path, uid, gid)
  }
}
