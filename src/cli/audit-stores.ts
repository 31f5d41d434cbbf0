import { type AuditStores, openAuditStores } from '../config/audit-stores.ts'
import { type CommandContext, optionText } from './command.ts'
import { loadFor } from './load-for.ts'

/** The trail where `--source` and `--anchor` say, or else the configuration. */
export const auditStoresFor = (context: CommandContext): Promise<AuditStores> =>
  openAuditStores(loadFor(context), process.env, {
    source: optionText(context, 'source'),
    anchor: optionText(context, 'anchor'),
  })
