import { readFileSync } from 'node:fs'

/** USER_HZ of Linux on every architecture that Node runs on: the unit of /proc/PID/stat. */
const TICKS_A_SECOND = 100
/** The kernel's kB is 1,024 bytes; ours is a million of them a megabyte. */
const MEGABYTES_A_KB = 1024 / 1e6

/** Seconds of CPU that a process has used, all its threads together, its dead and waited-for children included when asked. */
export function cpuSeconds(pid: number, { withChildren = false } = {}): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name in brackets may hold spaces: fields are counted from behind it (proc(5): utime is the 14th, cstime the 17th).
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15)
  return (utime + stime + (withChildren ? cutime + cstime : 0)) / TICKS_A_SECOND
}

/** Megabytes of memory that a process has now, and the most it ever had. */
export function residentMB(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const field = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN) * MEGABYTES_A_KB
  return { now: field('VmRSS'), peak: field('VmHWM') }
}
