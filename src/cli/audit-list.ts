import { auditStoresFor } from './audit-stores.ts'
import { type Command, optionNumber, optionText } from './command.ts'
import { exitCodes } from './exit.ts'
import { table } from './output.ts'

export const listAudit: Command = async (context) => {
  const text = (name: string) => optionText(context, name)
  const filter = {
    kind: text('kind'),
    actor: text('actor'),
    subject: text('subject'),
    session: text('session'),
    from: text('from'),
    to: text('to'),
  }
  const stores = await auditStoresFor(context)
  const { items } = await stores.list(filter, { limit: optionNumber(context, 'limit') ?? 100 })
  context.output.document({ records: items }, () =>
    table(
      ['AT', 'KIND', 'ACTOR', 'SUBJECT', 'DATA'],
      items.map(({ at, kind, actor, subject, data }) => [at, kind, actor, subject, data ? JSON.stringify(data) : '']),
    ),
  )
  return exitCodes.ok
}
