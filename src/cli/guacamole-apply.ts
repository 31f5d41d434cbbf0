import { isCoded, reasonOf } from '../kernel/errors.ts'
import { formatScope } from '../model/scope.ts'
import type { Command } from './command.ts'
import { exitCodes } from './exit.ts'
import { withGuacamole } from './guacamole-open.ts'
import { table } from './output.ts'

type Row = {
  scope: string
  put: number
  removed: number
  refused: { id: string; code: string; reason: string }[]
  failed?: { code: string; reason: string }
}

/** One pass over every scope, as `serve` does it; a scope that fails does not stop the others. Exit 1 when one did. */
export const applyGuacamole: Command = (context) =>
  withGuacamole(context, async ({ guacamole, wanted }) => {
    const scopes: Row[] = []
    for (const { scope, connections } of await wanted()) {
      const name = formatScope(scope)
      try {
        const { put, removed, refused, again } = await guacamole.keepInStep(scope, async () => connections)
        const left = refused.map(({ id, error }) => ({ id, code: error.code, reason: error.message }))
        const failed = again && { code: again.code, reason: again.message }
        scopes.push({
          ...{ scope: name, put: put.length, removed: removed.length, refused: left },
          ...(failed ? { failed } : {}),
        })
      } catch (error) {
        const failed = { code: isCoded(error) ? error.code : 'UNEXPECTED', reason: reasonOf(error) }
        scopes.push({ scope: name, put: 0, removed: 0, refused: [], failed })
      }
    }
    context.output.document({ scopes }, () =>
      table(
        ['SCOPE', 'WRITTEN', 'REMOVED', 'LEFT OUT', ''],
        scopes.map((one) => [
          one.scope,
          String(one.put),
          String(one.removed),
          String(one.refused.length),
          one.failed ? `${one.failed.reason} (${one.failed.code})` : one.refused.map((left) => left.reason).join('; '),
        ]),
      ),
    )
    return scopes.some((one) => one.failed) ? exitCodes.failed : exitCodes.ok
  })
