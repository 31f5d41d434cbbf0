import { DatabaseSync } from 'node:sqlite'

/**
 * Holds a file for this process, as an exclusive transaction on it: the kernel frees it at once when the process dies. Waits so
 * long for another holder, then throws what SQLite throws.
 */
export function holdFile(path: string, waitMs: number): { release(): void } {
  const file = new DatabaseSync(path)
  try {
    file.exec(`pragma busy_timeout = ${Math.trunc(waitMs)}; begin exclusive`)
    return { release: () => file.close() }
  } catch (error) {
    file.close()
    throw error
  }
}
