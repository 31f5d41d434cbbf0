import { join } from 'node:path'
import envPaths from 'env-paths'
import { type Journal, openJournal } from '../tunnel/journal.ts'

/** The launch journal of this machine. On its own: who only reads it loads no client of AWS. */
export const ownJournal = (): Journal => openJournal(join(envPaths('enchilada', { suffix: '' }).log, 'leases'))
