import { connectionId } from '../../src/model/connection.ts'
import { followList } from '../product/live-list.ts'
import type { Visitor } from '../product/visitor.ts'
import type { BenchWorld } from '../product/world.ts'
import type { StandInInstance } from '../stand-in/cloud.ts'
import { launchEvents, terminationEvents } from '../stand-in/events.ts'
import { atPace } from './pace.ts'

export type Place = { account: string; region: string }
/** Milliseconds from an event in the queue until a signed-in person can, or cannot any more, open the instance. */
export type Lives = { openable: number[]; refused: number[] }

/** The person tries when the open page tells of a change, and this often besides. */
const TRY_EVERY_MS = 2_000
/** Far beyond any figure: what is late is measured, only what never comes ends the bench. */
const GIVE_UP_MS = 300_000

/** Launches `count` instances in turn over `places`, evenly within `withinMs`, and then ends them all at the same pace. */
export async function measureLives(
  { cloud, standIn }: Pick<BenchWorld, 'cloud' | 'standIn'>,
  visitor: Visitor,
  { places, count, withinMs }: { places: readonly Place[]; count: number; withinMs: number },
): Promise<Lives> {
  const tell = (events: readonly object[]) => {
    for (const event of events) standIn.queue.send(JSON.stringify(event))
  }
  const list = await followList(visitor)
  const timeUntil = async (instance: StandInInstance, granted: boolean) => {
    const begun = performance.now()
    const connection = connectionOf(instance)
    for (;;) {
      const told = list.news(connection)
      if ((await isGranted(visitor, connection)) === granted) return performance.now() - begun
      if (performance.now() - begun > GIVE_UP_MS)
        throw new Error(`${instance.id} is not ${granted ? 'openable' : 'refused'}`)
      await Promise.race([told, new Promise((resolve) => setTimeout(resolve, TRY_EVERY_MS))])
    }
  }
  const launched: StandInInstance[] = []
  const openable = await atPace(count, withinMs, (n) => {
    const { account = '', region = '' } = places[n % places.length] ?? {}
    const instance = cloud.launch(account, region, { tags: { Name: `new-${n}`, environment: 'production' } })
    launched.push(instance)
    tell(launchEvents(instance))
    return timeUntil(instance, true)
  })
  const refused = await atPace(count, withinMs, (n) => {
    const instance = launched[n]
    if (!instance) throw new Error(`the ${n}th was never launched`)
    cloud.terminate(instance.id)
    tell(terminationEvents(instance))
    return timeUntil(instance, false)
  })
  list.close()
  return { openable, refused }
}

const connectionOf = ({ account, region, id }: StandInInstance) =>
  connectionId({ tenant: 'default', partition: 'aws', account, region }, id, 'ssh', 22)

/** Asks for the ticket that opens a session, as the page does. */
async function isGranted(visitor: Visitor, connection: string): Promise<boolean> {
  const answer = await visitor.post(`/api/v1/connections/${connection}/tickets`)
  await answer.arrayBuffer()
  if (answer.status === 201) return true
  if (answer.status === 404) return false
  throw new Error(`a ticket was answered with ${answer.status}`)
}
