import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { writeDurably } from '../kernel/durable-file.ts'
import { whenGone } from '../kernel/missing-file.ts'
import { processStart } from '../kernel/process-start.ts'
import { engineNames } from '../tunnel/engines/engine.ts'

/**
 * What was set on this machine, written down before it is: whoever comes next undoes what a process left that is gone.
 * Root's own folder: what is read from it is acted upon with root's rights.
 */
const madeSchema = z.object({
  engine: z.enum(engineNames),
  device: z.string(),
  routes: z.array(z.string()),
  dns: z.boolean().prefault(false),
  owner: z.number(),
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
    async list(): Promise<Undo[]> {
      const names = await readdir(folder).catch(() => [])
      const found = await Promise.all(
        names
          .filter((name) => /^ench[0-9a-f]{8}\.json$/.test(name))
          .map(async (name) => {
            // Another process may have undone it meanwhile.
            const text = await readFile(join(folder, name), 'utf8').catch(whenGone)
            return text === undefined ? undefined : madeSchema.safeParse(JSON.parse(text)).data
          }),
      )
      return found.filter((one) => one !== undefined)
    },
    forget: (device: string) => rm(fileOf(device), { force: true }),
  }
}

export const isOrphaned = (undo: Undo): boolean => processStart(undo.owner) !== undo.ownerStart
