import { type PlanLine, pathText } from '../catalogue/guacamole/plan-lines.ts'
import type { Command } from './command.ts'
import { exitCodes } from './exit.ts'
import { withGuacamole } from './guacamole-open.ts'
import { table } from './output.ts'

const SIGNS: Readonly<Record<PlanLine['do'], string>> = {
  'add group': '+',
  add: '+',
  change: '~',
  end: '-',
  delete: '-',
  grant: '+',
  revoke: '-',
  'remove group': '-',
}

/** Writes nothing; exit 2 when `apply` would. */
export const planGuacamole: Command = (context) =>
  withGuacamole(context, async ({ guacamole, wanted }) => {
    const lines = new Map<string, PlanLine>()
    const refused: { id: string; code: string; reason: string }[] = []
    for (const { scope, connections } of await wanted()) {
      const plan = await guacamole.plan(scope, connections)
      // Scopes that share a group would each make it.
      for (const line of plan.lines) lines.set(JSON.stringify(line), line)
      refused.push(...plan.refused.map(({ id, error }) => ({ id, code: error.code, reason: error.message })))
    }
    const changes = [...lines.values()]
    context.output.document({ changes, refused }, () =>
      changes.length + refused.length === 0
        ? 'Guacamole is in step.'
        : table(
            ['', 'WHAT', 'WHERE', 'DETAIL'],
            [
              ...changes.map((line) => [SIGNS[line.do], line.do, pathText(line.path), line.detail ?? '']),
              ...refused.map((one) => ['!', 'left out', one.id, `${one.reason} (${one.code})`]),
            ],
          ),
    )
    return changes.length > 0 ? exitCodes.wouldChange : exitCodes.ok
  })
