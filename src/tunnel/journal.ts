import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunInstancesCommandInput } from '@aws-sdk/client-ec2'
import * as z from 'zod'
import { createDurably, writeDurably } from '../kernel/durable-file.ts'
import { reasonOf } from '../kernel/errors.ts'
import { whenGone } from '../kernel/missing-file.ts'
import { processStart } from '../kernel/process-start.ts'
import { tunnelErrors } from './errors.ts'
import { type Lease, leaseSchema } from './lease.ts'
import { splitDnsSchema } from './zones.ts'

/** The process that holds the tunnel. An id comes again; with its start it does not. */
const holderSchema = z.object({ pid: z.number(), start: z.string() })
export type Holder = z.infer<typeof holderSchema>
const isAlive = ({ pid, start }: Holder): boolean => processStart(pid) === start

/**
 * What this machine has begun, one file a lease. It is on disk before the first call that can cost money, with the whole request as it
 * will be sent: the same call again finds the same server (EC2 API reference, "Ensuring idempotency"). No key of the client is in it.
 */
const entrySchema = z.object({
  v: z.literal(1),
  lease: leaseSchema,
  holder: holderSchema,
  /** Role to visit the account with, as the environment named it. */
  role: z.string().optional(),
  /** Each request that was or may have been sent, oldest first: a new one only after AWS refused the one before. */
  requests: z.array(z.custom<RunInstancesCommandInput>((value) => typeof value === 'object' && value !== null)),
  instanceId: z.string().optional(),
  endpoint: z.string().optional(),
  device: z.string().optional(),
  serverAddress: z.string().optional(),
  connectedAt: z.number().optional(),
  /** As it is in force on this machine. */
  dns: splitDnsSchema.optional(),
})
export type JournalEntry = z.infer<typeof entrySchema>

/** Its process lives. */
export const isHeld = ({ holder }: JournalEntry): boolean => isAlive(holder)

export type Journal = {
  write(entry: JournalEntry): Promise<void>
  list(): Promise<{ entries: JournalEntry[]; torn: string[] }>
  remove(leaseId: string): Promise<void>
  /** One `up` at a time into an environment: undefined while another process has one, else what lets it go again. */
  claim(environment: string, holder: Holder): Promise<(() => Promise<void>) | undefined>
}

export function openJournal(folder: string): Journal {
  const fileOf = (lease: Lease) => join(folder, `${lease.id}.json`)
  /** Writes a file of the journal; the folder is there. */
  async function writing<T>(file: string, work: () => Promise<T>): Promise<T> {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      return await work()
    } catch (cause) {
      throw tunnelErrors.TUNNEL_JOURNAL_UNWRITABLE({ file, reason: reasonOf(cause) }, { cause })
    }
  }
  return {
    async write(entry) {
      const file = fileOf(entry.lease)
      await writing(file, () => writeDurably(file, JSON.stringify(entry, undefined, 1)))
    },
    async list() {
      const names = await readdir(folder).catch(() => [])
      const entries: JournalEntry[] = []
      const torn: string[] = []
      for (const name of names.filter((one) => one.endsWith('.json')).sort()) {
        const file = join(folder, name)
        const text = await readFile(file, 'utf8').catch(whenGone)
        // Another process ended that lease meanwhile.
        if (text === undefined) continue
        const entry = entrySchema.safeParse(parse(text)).data
        if (entry) entries.push(entry)
        else torn.push(file)
      }
      return { entries, torn }
    },
    remove: (leaseId) => rm(join(folder, `${leaseId}.json`), { force: true }),
    async claim(environment, holder) {
      const file = join(folder, `${environment}.claim`)
      const mine = JSON.stringify(holder)
      const claim = () => writing(file, () => createDurably(file, mine))
      const letGo = () => rm(file, { force: true })
      if (await claim()) return letGo
      const said = await readFile(file, 'utf8').catch(() => '')
      const other = holderSchema.safeParse(parse(said)).data
      if (other && isAlive(other)) return undefined
      // Of several who find a dead one's claim, one takes it away; a claim made meanwhile goes back to its place.
      const aside = `${file}.${holder.pid}`
      const taken = await rename(file, aside).then(
        () => readFile(aside, 'utf8'),
        () => said,
      )
      if (taken !== said) {
        await rename(aside, file)
        return undefined
      }
      await rm(aside, { force: true })
      return (await claim()) ? letGo : undefined
    },
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
