import * as z from 'zod'
import { MOST_BYTES } from '../catalogue/guacamole/rest/batch.ts'
import { readClockAhead } from '../catalogue/guacamole/rest/clock-ahead.ts'
import { marksStay } from '../catalogue/guacamole/rest/keep-marks.ts'
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
/** Forms of Guacamole's own database extension. */
const BUILT_IN = new Set(['profile', 'restrictions', 'preferences', 'concurrency', 'load-balancing', 'guacd'])
/** Further off, and its sessions do not fit into the trail. The server tells whole seconds. */
const SKEW_MS = 5_000

export function sayClock(what: string, skew: number | undefined, clock: Clock): Finding {
  if (skew === undefined) return { what, state: 'warn', detail: 'not told by the server' }
  if (Math.abs(skew) > SKEW_MS)
    return { what, state: 'bad', detail: `${skew} ms from ours, which is ${toIso(clock.now())}` }
  return { what, state: 'ok', detail: `within ${SKEW_MS / 1000} s of ours` }
}

/** Looks at one web application node. Marks are tried on a group made for it, which is gone afterwards. */
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

    if (held.includes('ADMINISTER')) say('sessions', 'ok', 'live ones of ended instances can be ended')
    else say('sessions', 'warn', 'live ones of ended instances go on: only an account that may ADMINISTER ends them')

    const names = new Set<string>()
    for (const noun of ['user', 'userGroup', 'connection', 'connectionGroup']) {
      const { body } = await session.call('GET', `${data}/schema/${noun}Attributes`)
      for (const { name } of formsSchema.safeParse(body).data ?? []) if (!BUILT_IN.has(name)) names.add(name)
    }
    say('extensions', 'ok', [...names].join(', ') || 'none that adds to forms; others do not show')
    if (missing.length > 0) say('marks', 'warn', 'not tried without the permissions')
    else if (await marksStay(session, clock.now())) say('marks', 'ok', 'stay where they are put')
    else say('marks', 'warn', 'do not stay: `serve` keeps them in its own store')
    // The identifier is nobody's: only whether so much arrives is asked.
    const large = { op: 'remove', path: '/0', value: 'x'.repeat(MOST_BYTES) }
    const sent = await session.call('PATCH', `${data}/connections`, [large])
    const refusal = sent.status === 413 || String(sent.body).startsWith('HTTP 413')
    if (refusal)
      say('request size', 'bad', `${MOST_BYTES} bytes are refused: raise api-max-request-size and the proxy’s limit`)
    else say('request size', 'ok', `${MOST_BYTES} bytes, our most, arrive`)
    findings.push(sayClock('clock', await readClockAhead(session, clock), clock))
    say('batch size', 'warn', 'not told by the API; set postgresql-batch-size or mysql-batch-size to 100')
  } catch (error) {
    const hint = isCoded(error) ? ` (${error.code}) ${error.hint}` : ''
    say('login', 'bad', `${url}: ${reasonOf(error)}${hint}`)
  }
  return findings
}
