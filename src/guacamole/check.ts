import * as z from 'zod'
import type { RestSession } from '../catalogue/guacamole/rest/session.ts'
import { type Clock, toIso } from '../kernel/clock.ts'
import { isCoded, reasonOf } from '../kernel/errors.ts'

export type Finding = { what: string; state: 'ok' | 'warn' | 'bad'; detail: string }

const permissionsSchema = z.object({
  systemPermissions: z.array(z.string()),
  userGroupPermissions: z.record(z.string(), z.array(z.string())).default({}),
})
const formsSchema = z.array(z.object({ name: z.string() }))

/** What a service account needs; ADMINISTER has it all. */
const NEEDED = ['CREATE_CONNECTION', 'CREATE_CONNECTION_GROUP', 'CREATE_USER_GROUP'] as const
/** Further off, and its sessions do not fit into the trail. The server tells whole seconds. */
const SKEW_MS = 5_000

/** Looks at one web application node; writes nothing. */
export async function checkNode(session: RestSession, url: string, clock: Clock): Promise<Finding[]> {
  const findings: Finding[] = []
  const say = (what: string, state: Finding['state'], detail: string) => findings.push({ what, state, detail })
  try {
    const source = await session.dataSource()
    const data = `session/data/${source}`
    say('login', 'ok', `${url}, data source ${source}`)
    const { status } = await session.call('PATCH', `${data}/connections`, [])
    // Older ones answer an empty batch without a body.
    if (status === 200) say('version', 'ok', '1.6 or later: writes in batches')
    else say('version', 'bad', 'older than 1.6: only `catalogue.guacamole.sql` can keep it in step')

    const given = permissionsSchema.safeParse(
      (await session.call('GET', `${data}/self/effectivePermissions`)).body,
    ).data
    const held = given?.systemPermissions ?? []
    const missing = held.includes('ADMINISTER') ? [] : NEEDED.filter((one) => !held.includes(one))
    if (missing.length > 0) say('permissions', 'bad', `missing: ${missing.join(', ')}`)
    else say('permissions', 'ok', held.join(', '))
    if (held.includes('ADMINISTER') || held.includes('AUDIT')) say('history', 'ok', 'can be read')
    else say('history', 'warn', 'only of what the account may see: AUDIT is missing')

    const forms = formsSchema.safeParse((await session.call('GET', `${data}/schema/userAttributes`)).body).data ?? []
    say('extensions', 'ok', forms.map((form) => form.name).join(', ') || 'none that adds to accounts')
    const { at } = await session.call('GET', `${data}/self`)
    const skew = at === undefined ? undefined : at - clock.now()
    if (skew === undefined) say('clock', 'warn', 'not told by the server')
    else if (Math.abs(skew) > SKEW_MS) say('clock', 'bad', `${skew} ms from ours, which is ${toIso(clock.now())}`)
    else say('clock', 'ok', `within ${SKEW_MS / 1000} s of ours`)
    say('batch size', 'warn', 'not told by the API; set postgresql-batch-size or mysql-batch-size to 100')
  } catch (error) {
    const hint = isCoded(error) ? ` (${error.code}) ${error.hint}` : ''
    say('login', 'bad', `${url}: ${reasonOf(error)}${hint}`)
  }
  return findings
}
