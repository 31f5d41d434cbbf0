import { checkNode, type Finding } from '../guacamole/check.ts'
import { checkDatabase } from '../guacamole/check-database.ts'
import { systemClock } from '../kernel/clock.ts'
import type { Command } from './command.ts'
import { exitCodes } from './exit.ts'
import { withGuacamole } from './guacamole-open.ts'
import { table } from './output.ts'

/** Exit 1 when something is bad. */
export const checkGuacamole: Command = (context) =>
  withGuacamole(context, async ({ database, settings, nodes }) => {
    const findings: Finding[] = []
    const urls = settings.rest ? [settings.rest.url, ...settings.rest.nodes] : []
    for (const [at, node] of nodes.entries()) findings.push(...(await checkNode(node, urls[at] ?? '', systemClock)))
    if (database) {
      findings.push(...(await checkDatabase(database, systemClock)))
      if (nodes.length === 0) {
        const detail = 'live sessions of ended instances stay open: only `catalogue.guacamole.rest` can end them'
        findings.push({ what: 'sessions', state: 'warn', detail })
      }
    }
    const ok = findings.every((one) => one.state !== 'bad')
    context.output.document({ ok, findings }, () =>
      table(
        ['WHAT', '', 'DETAIL'],
        findings.map((one) => [one.what, one.state, one.detail]),
      ),
    )
    return ok ? exitCodes.ok : exitCodes.failed
  })
