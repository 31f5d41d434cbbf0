import { adoptedMark, matchStrangers } from '../guacamole/match-strangers.ts'
import type { Command } from './command.ts'
import { exitCodes } from './exit.ts'
import { withGuacamole } from './guacamole-open.ts'
import { table } from './output.ts'

/** Prints which is which; with `--yes` they are ours, and the next pass names and places them. */
export const adoptGuacamole: Command = (context) =>
  withGuacamole(context, async ({ guacamole, wanted }) => {
    const connections = (await wanted()).flatMap((one) => one.connections)
    const { strangers, held } = await guacamole.strangers()
    const matches = matchStrangers(strangers, connections, held)
    const adopted = context.options['yes'] === true
    if (adopted && matches.length > 0) {
      await guacamole.adopt(matches.map((match) => ({ stranger: match.stranger.id, mark: adoptedMark(match) })))
    }
    const rows = matches.map(({ stranger, connection, by }) => ({
      id: stranger.id,
      name: stranger.name,
      becomes: connection.name,
      instance: connection.instanceId,
      by,
    }))
    context.output.document({ adopted, connections: rows, left: strangers.length - rows.length }, () =>
      [
        table(
          ['ID', 'NAME', 'BECOMES', 'INSTANCE', 'KNOWN BY'],
          rows.map((row) => [row.id, row.name, row.becomes, row.instance, row.by]),
        ),
        `${strangers.length - rows.length} other connections stay as they are.`,
        ...(adopted || rows.length === 0 ? [] : ['Nothing was changed: with --yes they become ours.']),
      ].join('\n'),
    )
    return rows.length > 0 && !adopted ? exitCodes.wouldChange : exitCodes.ok
  })
