import { link, open, rename, rm, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Write, sync the file, rename, sync the directory: after this returns the content survives a power cut. */
export async function writeDurably(path: string, data: string | Uint8Array, mode = 0o600): Promise<void> {
  await rename(await writeBeside(path, data, mode), path)
  await syncDirectory(dirname(path))
}

/** The same, but never over a file that is there: false, and nothing is changed. */
export async function createDurably(path: string, data: string | Uint8Array, mode = 0o600): Promise<boolean> {
  const temporary = await writeBeside(path, data, mode)
  try {
    await link(temporary, path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  } finally {
    await Promise.all([unlink(temporary), syncDirectory(dirname(path))])
  }
}

/** A whole, synced file beside the one that is meant; none when the disk is full. */
async function writeBeside(path: string, data: string | Uint8Array, mode: number): Promise<string> {
  const temporary = `${path}.${process.pid}.tmp`
  const file = await open(temporary, 'w', mode)
  try {
    await file.writeFile(data)
    await file.sync()
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  } finally {
    await file.close()
  }
  return temporary
}

/** Makes the names in a folder survive a power cut. Windows has no such call: NTFS keeps a journal of names itself. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
