import { openLogTrail } from '../audit/trail.ts'
import { createEngineer } from '../aws/engineer.ts'
import { systemClock as clock } from '../kernel/clock.ts'
import { createLog } from '../kernel/log.ts'
import { reap } from '../tunnel/reap.ts'
import { readEnvironment, reaperEnvironment } from './environment.ts'
import { lambdaErrors } from './errors.ts'
import { openTrailGroup } from './own-trail.ts'

/** The Lambda that ends tunnel servers past their time, in the management account itself: it assumes no role and knows nobody outside. */
const env = readEnvironment(reaperEnvironment, process.env)
const log = createLog(env.LOG_LEVEL, 'enchilada-reaper')
const engineer = createEngineer({ clock, profile: undefined })
// Its own role is of the account already.
const environment = { ...env.ENCHILADA_ENVIRONMENT, role: undefined }

/** One round, for a schedule. Only one runs at a time (reserved concurrency), but not always in the same place: the chain is read anew. */
export async function handler(): Promise<{ ended: number; closed: number }> {
  const group = openTrailGroup(env.AWS_REGION, env.TRAIL_GROUP)
  const trail = await openLogTrail({ group, writer: `reaper-${environment.name}`, clock, log })
  const { ended, closed, failed } = await reap({ engineer, trail, clock }, [environment])
  await trail.close()
  if (ended.length + closed.length > 0) log.warn({ ended, closed }, 'servers outlived their time')
  if (failed.length === 0) return { ended: ended.length, closed: closed.length }
  log.error({ failed }, 'not everything could be done')
  const what = failed.map((one) => `${one.what}: ${one.reason}`).join('; ')
  throw lambdaErrors.REAPER_INCOMPLETE({ what })
}
