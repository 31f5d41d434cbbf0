import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunInstancesCommandInput } from '@aws-sdk/client-ec2'
import * as z from 'zod'
import { writeDurably } from '../kernel/durable-file.ts'
import { reasonOf } from '../kernel/errors.ts'
import { processStart } from '../kernel/process-start.ts'
import { tunnelErrors } from './errors.ts'
import { type Lease, leaseSchema } from './lease.ts'

/**
 * What this machine has begun, one file a lease. It is on disk before the first call that can cost money, with the whole request as it
 * will be sent: the same call again finds the same server (EC2 API reference, "Ensuring idempotency"). No key of the client is in it.
 */
const entrySchema = z.object({
  v: z.literal(1),
  lease: leaseSchema,
  /** The process that holds the tunnel. An id comes again; with its start it does not. */
  holder: z.object({ pid: z.number(), start: z.string() }),
  /** Role to visit the account with, as the environment named it. */
  role: z.string().optional(),
  /** Each request that was or may have been sent, oldest first: a new one only after AWS refused the one before. */
  requests: z.array(z.custom<RunInstancesCommandInput>((value) => typeof value === 'object' && value !== null)),
  instanceId: z.string().optional(),
  endpoint: z.string().optional(),
  device: z.string().optional(),
  serverAddress: z.string().optional(),
  connectedAt: z.number().optional(),
})
export type JournalEntry = z.infer<typeof entrySchema>

/** Its process lives. */
export const isHeld = ({ holder }: JournalEntry): boolean => processStart(holder.pid) === holder.start

export type Journal = {
  write(entry: JournalEntry): Promise<void>
  list(): Promise<{ entries: JournalEntry[]; torn: string[] }>
  remove(leaseId: string): Promise<void>
}

export function openJournal(folder: string): Journal {
  const fileOf = (lease: Lease) => join(folder, `${lease.id}.json`)
  return {
    async write(entry) {
      const file = fileOf(entry.lease)
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await writeDurably(file, JSON.stringify(entry, undefined, 1))
      } catch (cause) {
        throw tunnelErrors.TUNNEL_JOURNAL_UNWRITABLE({ file, reason: reasonOf(cause) }, { cause })
      }
    },
    async list() {
      const names = await readdir(folder).catch(() => [])
      const entries: JournalEntry[] = []
      const torn: string[] = []
      for (const name of names.filter((one) => one.endsWith('.json')).sort()) {
        const file = join(folder, name)
        const entry = entrySchema.safeParse(parse(await readFile(file, 'utf8'))).data
        if (entry) entries.push(entry)
        else torn.push(file)
      }
      return { entries, torn }
    },
    remove: (leaseId) => rm(join(folder, `${leaseId}.json`), { force: true }),
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
