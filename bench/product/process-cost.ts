import { readdirSync, readFileSync } from 'node:fs'

/** USER_HZ of Linux on every architecture that Node runs on: the unit of /proc/PID/stat. */
const TICKS_A_SECOND = 100
/** The kernel's kB is 1,024 bytes; ours is a million of them a megabyte. */
const MEGABYTES_A_KB = 1024 / 1e6

/** Seconds of CPU that a process has used, all its threads together. */
export function cpuSeconds(pid: number): number {
  const [utime = 0, stime = 0] = statOf(pid).slice(11, 13).map(Number)
  return (utime + stime) / TICKS_A_SECOND
}

/** A process and all that descend from it. */
export function familyOf(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), parentOf(Number(name))] as const)
  const family = [pid]
  for (const elder of family) family.push(...parents.filter(([, parent]) => parent === elder).map(([child]) => child))
  return family
}

/** Megabytes that are a process's own; of what it shares with others its part. */
export function proportionalMB(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? Number.NaN) * MEGABYTES_A_KB
}

/** Fields of /proc/PID/stat behind the name, which may hold spaces (proc(5): the state is the first of them, utime the 12th). */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function parentOf(pid: number): number {
  try {
    return Number(statOf(pid)[1])
  } catch {
    // It has ended meanwhile.
    return 0
  }
}

/** Megabytes of memory that a process has now, and the most it ever had. */
export function residentMB(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const field = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN) * MEGABYTES_A_KB
  return { now: field('VmRSS'), peak: field('VmHWM') }
}
