import { readFileSync } from 'node:fs'

/**
 * When a process began, in the system's own unit; empty when there is none. Where no /proc is, only whether it lives.
 * proc(5): the name may hold anything, so fields are counted from its closing bracket; start time is field 22.
 */
export function processStart(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return process.platform === 'linux' ? '' : lives(pid)
  }
}

function lives(pid: number): string {
  try {
    process.kill(pid, 0)
    return 'lives'
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM' ? 'lives' : ''
  }
}
