import { type Command, optionText } from './command.ts'
import { exitCodes } from './exit.ts'
import { table } from './output.ts'
import { openForReading } from './recordings-open.ts'

/** Ids are UUIDv7: their order is the order of time. */
export const listRecordings: Command = async (context) => {
  const recordings = await openForReading(context)
  const newest = (await recordings.ids()).reverse().slice(0, Number(optionText(context, 'limit') ?? 50))
  const items = await Promise.all(
    newest.map(async (id) => ({ ...(await recordings.facts(id)), ...(await recordings.summary(id)) })),
  )
  context.output.document({ recordings: items }, () =>
    table(
      ['ID', 'STARTED', 'WHO', 'WHERE', 'SECONDS', 'SEALED'],
      items.map((one) => [
        one.id,
        new Date(one.startedAt).toISOString(),
        one.personName,
        one.connectionName,
        String(Math.round(one.durationMs / 1000)),
        one.sealed ? 'yes' : 'no',
      ]),
    ),
  )
  return exitCodes.ok
}
