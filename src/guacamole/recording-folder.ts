import { constants } from 'node:fs'
import { type FileHandle, lstat, open, readdir, readFile, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { syncDirectory } from '../kernel/durable-file.ts'
import { reasonOf } from '../kernel/errors.ts'
import { shipErrors } from './errors.ts'

/** A file that guacd wrote: `<folder>/<uuid>/<name>`, or `<folder>/<uuid>`, as Guacamole's own player looks for it. */
export type RecordedFile = {
  /** Of the session, in Guacamole's history. */
  uuid: string
  path: string
  /** It stands in a folder of its own. */
  inFolder: boolean
  size: number
  inode: number
  /** ms since 1970: the last write. */
  writtenAt: number
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Everything else in the folder is not ours to look at. Links are never followed. Rejects with SHIP_FOLDER_UNREADABLE. */
export async function listRecorded(folder: string): Promise<RecordedFile[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw shipErrors.SHIP_FOLDER_UNREADABLE({ folder, reason: reasonOf(cause) }, { cause })
  })
  const found: RecordedFile[] = []
  for (const uuid of names.filter((name) => UUID.test(name)).sort()) {
    const path = join(folder, uuid)
    const alone = await look(uuid, path, false)
    if (alone) found.push(alone)
    const isFolder = (await lstat(path).catch(() => undefined))?.isDirectory() === true
    for (const name of isFolder ? (await readdir(path)).sort() : []) {
      const file = await look(uuid, join(path, name), true)
      if (file) found.push(file)
    }
  }
  return found
}

async function look(uuid: string, path: string, inFolder: boolean): Promise<RecordedFile | undefined> {
  const facts = await lstat(path).catch(() => undefined)
  if (!facts?.isFile()) return undefined
  return { uuid, path, inFolder, size: facts.size, inode: facts.ino, writtenAt: facts.mtimeMs }
}

export const openRecorded = (path: string): Promise<FileHandle> => open(path, constants.O_RDONLY | constants.O_NOFOLLOW)

/** Whether a file begins as guacd's recordings do; beside them lie typescripts. */
export async function isGuacamoleStream({ path }: RecordedFile): Promise<boolean> {
  const file = await openRecorded(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0)
    return /^\d{1,2}\.[a-z]+[,;]/.test(buffer.toString('latin1', 0, bytesRead))
  } finally {
    await file.close()
  }
}

/** Takes the file away unless it is another than it was. Rejects with SHIP_FILE_CHANGED. */
export async function removeRecorded(was: RecordedFile): Promise<void> {
  const { path } = was
  const now = await look(was.uuid, path, was.inFolder)
  if (!now) return
  if (now.size !== was.size || now.inode !== was.inode || now.writtenAt !== was.writtenAt) {
    throw shipErrors.SHIP_FILE_CHANGED({ file: path })
  }
  await rm(path)
  await syncDirectory(dirname(path))
  // Not empty where a typescript lies beside it.
  if (was.inFolder) await rmdir(dirname(path)).catch(() => undefined)
}

/**
 * Inodes on which some process of this machine holds a lock: guacd locks what it writes (fcntl). Undefined where that cannot be seen.
 * `/proc/locks` names processes of this PID namespace and of those below it alone (proc(5)).
 */
export async function lockedInodes(path = '/proc/locks'): Promise<ReadonlySet<number> | undefined> {
  try {
    const lines = (await readFile(path, 'utf8')).split('\n')
    return new Set(lines.flatMap((line) => /WRITE +\S+ +[0-9a-f]+:[0-9a-f]+:(\d+) /.exec(line)?.[1] ?? []).map(Number))
  } catch {
    return undefined
  }
}
