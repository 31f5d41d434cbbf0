import { mkdirSync, type Stats, statSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import envPaths from 'env-paths'
import { auditErrors } from '../audit/errors.ts'
import { openLogTrail, openTrail } from '../audit/trail.ts'
import { systemClock as clock } from '../kernel/clock.ts'
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
  const sudo = process.env['SUDO_USER']
  const data = { ...event.data, user, host, ...(sudo === undefined ? {} : { sudoUser: sudo }) }
  const record = { ...event, actor: `os-user:${user}@${host}`, source: 'claim', data } as const
  const { audit } = loaded.config
  if (audit.cloudWatchLogs) return write(loaded, writer, record)
  await asOwnerOf(resolve(loaded.folder, audit.directory), () => write(loaded, writer, record))
}

async function write(loaded: Loaded, writer: string, record: AuditEvent): Promise<void> {
  const held = await hold(loaded, writer)
  try {
    const trail = await held.open()
    try {
      await trail.record(record)
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

/**
 * Root writes there as the user that `serve` runs as, who owns the folder: the notary reads every chain, and where somebody with that
 * user's rights has planted a link, nothing of root's is behind it.
 */
async function asOwnerOf(directory: string, work: () => Promise<void>): Promise<void> {
  const { setgroups, getgroups, setegid, seteuid } = process
  if (process.getuid?.() !== 0 || !setgroups || !getgroups || !setegid || !seteuid) return work()
  const { uid, gid } = ownerOf(directory)
  const groups = getgroups()
  setgroups([gid])
  setegid(gid)
  seteuid(uid)
  try {
    await work()
  } finally {
    seteuid(0)
    setegid(0)
    setgroups(groups)
  }
}

function ownerOf(directory: string): Stats {
  try {
    return statSync(directory)
  } catch (cause) {
    throw auditErrors.AUDIT_UNAVAILABLE({ reason: reasonOf(cause) }, { cause })
  }
}
