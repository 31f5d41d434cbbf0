import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import * as z from 'zod'
import { writeDurably } from '../kernel/durable-file.ts'
import { whenGone } from '../kernel/missing-file.ts'
import { processStart } from '../kernel/process-start.ts'
import { engineNames } from '../tunnel/engines/engine.ts'
import { tunnelDevice, tunnelRoutes } from '../tunnel/network-document.ts'

/**
 * What was set on this machine, written down before it is: whoever comes next undoes what a process left that is gone.
 * Root's own folder: what is read from it is acted upon with root's rights, so it can say no more than a document can.
 */
const madeSchema = z.object({
  engine: z.enum(engineNames),
  device: tunnelDevice,
  routes: tunnelRoutes,
  dns: z.boolean().prefault(false),
  owner: z.number().int().positive(),
  /** A process id comes again; with its start it does not. */
  ownerStart: z.string(),
})
export type Undo = z.infer<typeof madeSchema>

export type UndoJournal = ReturnType<typeof openUndoJournal>

export function openUndoJournal(folder: string) {
  const fileOf = (device: string) => join(folder, `${device}.json`)
  return {
    async write(undo: Undo): Promise<void> {
      await mkdir(folder, { recursive: true, mode: 0o755 })
      await writeDurably(fileOf(undo.device), JSON.stringify(undo), 0o644)
    },
    /** Without what does not read as an entry: it stays, and nothing is done by it. */
    async list(): Promise<Undo[]> {
      const names = await readdir(folder).catch(() => [])
      const found = await Promise.all(
        names
          .filter((name) => name.endsWith('.json'))
          .map((name) => basename(name, '.json'))
          .filter((device) => tunnelDevice.safeParse(device).success)
          .map(async (device) => {
            // Another process may have undone it meanwhile.
            const text = await readFile(fileOf(device), 'utf8').catch(whenGone)
            return text === undefined ? undefined : read(text, device)
          }),
      )
      return found.filter((one) => one !== undefined)
    },
    forget: (device: string) => rm(fileOf(device), { force: true }),
  }
}

function read(text: string, device: string): Undo | undefined {
  try {
    return madeSchema.extend({ device: z.literal(device) }).safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

export const isOrphaned = (undo: Undo): boolean => processStart(undo.owner) !== undo.ownerStart
