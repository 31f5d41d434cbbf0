import type { ChildProcess } from 'node:child_process'

const alive = new Set<ChildProcess>()

process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

/** A bench that fails half way leaves none of its own processes behind. */
export function endsWithUs(child: ChildProcess): void {
  alive.add(child)
  child.once('exit', () => alive.delete(child))
}
