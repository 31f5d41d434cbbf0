import { setFlagsFromString } from 'node:v8'

const OPTION = '--max-semi-space-size'
const MEGABYTES = 8
const ARENAS = 'MALLOC_ARENA_MAX'
const GROWTH = '--heap-growing-percent'
const GROWTH_PERCENT = 100

/**
 * Two limits are read when a process begins, so it begins anew, in place and under its own id; whoever started it and chose one
 * keeps theirs. V8 lets the space of short-lived objects grow to 128 MB, which a sweep of a large fleet fills with garbage. And glibc
 * gives each thread an arena of its own (mallopt(3), M_ARENA_MAX), where what the compiler's and the disk's threads have freed stays
 * with the process. What V8 may take beyond what is alive before it looks through the whole heap is read at each look instead; an option
 * that a later Node does not know would end it, this only says so (decision 0145).
 */
export function limitMemory(): void {
  // V8 takes its options with either sign between the words.
  const given = process.execArgv.map((option) => option.replaceAll('_', '-'))
  if (!given.some((option) => option.startsWith(GROWTH))) setFlagsFromString(`${GROWTH}=${GROWTH_PERCENT}`)
  const options = [...given, process.env['NODE_OPTIONS'] ?? '']
  const space = options.some((option) => option.includes(OPTION)) ? [] : [`${OPTION}=${MEGABYTES}`]
  const isLimited = space.length === 0 && process.env[ARENAS] !== undefined
  // Windows cannot begin a process anew in place.
  if (isLimited || process.platform === 'win32' || !process.execve) return
  process.execve(process.execPath, [process.execPath, ...space, ...process.execArgv, ...process.argv.slice(1)], {
    [ARENAS]: '2',
    ...process.env,
  })
}
