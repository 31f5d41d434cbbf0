import type { SessionFacts } from '../recording/format.ts'
import type { RecordingSummary, Recordings } from '../recording/recordings.ts'
import { type Command, type CommandContext, optionNumber, optionText } from './command.ts'
import { exitCodes } from './exit.ts'
import { table } from './output.ts'
import { openForReading } from './recordings-open.ts'

export const listRecordings: Command = async (context) => {
  const items = await findNewest(await openForReading(context), wantedBy(context), optionNumber(context, 'limit') ?? 50)
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

type Listed = SessionFacts & RecordingSummary

/** Ids are UUIDv7: their order is the order of time. */
async function findNewest(
  recordings: Recordings,
  isWanted: (facts: SessionFacts) => boolean,
  limit: number,
): Promise<Listed[]> {
  const items: Listed[] = []
  for (const id of (await recordings.ids()).reverse()) {
    const facts = await recordings.facts(id)
    if (!isWanted(facts)) continue
    items.push({ ...facts, ...(await recordings.summary(id)) })
    if (items.length === limit) break
  }
  return items
}

function wantedBy(context: CommandContext): (facts: SessionFacts) => boolean {
  const [person, connection, from, to] = ['person', 'connection', 'from', 'to'].map((name) => optionText(context, name))
  return (facts) =>
    (person === undefined || [facts.personId, facts.personName].includes(person)) &&
    (connection === undefined || [facts.connectionId, facts.connectionName, facts.instanceId].includes(connection)) &&
    (from === undefined || facts.startedAt >= Date.parse(from)) &&
    (to === undefined || facts.startedAt <= Date.parse(to))
}
