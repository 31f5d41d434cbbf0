import { BRAKE } from './plan.ts'

/** What one list says of something that is held; `unsaid`: the list does not speak of it. */
export type Word = 'listed' | 'absent' | 'excluded' | 'unsaid'

/** Something that lists lacked: since when, and when its rows went. */
export type Absence = { since: number; goneAt?: number }

/** What is kept from one list to the next. */
export type Absences = { listedAt: number; absent: Readonly<Record<string, Absence>> }

export type Departure = { key: string; why: 'absent' | 'excluded' }

export type DeparturePlan = {
  known: Absences
  /** Their rows go now. */
  gone: Departure[]
  /** Gone so long that nothing is said of them any more. */
  forgotten: string[]
  /** Absent long enough, but too many at once. */
  heldBack: string[]
}

/** How long the state of what went is still told. */
const TOLD_MS = 7 * 24 * 3_600_000

/**
 * The laws of instances, for accounts and regions: two complete lists that far apart, nothing because of one alone or of an old one, never
 * many at once. What the configuration excludes goes at once: that is a person's word. Pure.
 */
export function planDepartures(
  held: readonly string[],
  before: Absences,
  { listedAt, wordOf }: { listedAt: number; wordOf(key: string): Word },
  /** ms. */
  grace: number,
): DeparturePlan {
  if (listedAt <= before.listedAt) return { known: before, gone: [], forgotten: [], heldBack: [] }
  const absent: Record<string, Absence> = {}
  const proven: string[] = []
  const gone: Departure[] = []
  const forgotten: string[] = []
  for (const key of held) {
    const word = wordOf(key)
    const known = before.absent[key]
    if (word === 'listed' || (word === 'unsaid' && !known)) continue
    absent[key] = known ?? { since: listedAt }
    if (known?.goneAt !== undefined) {
      if (listedAt - known.goneAt >= TOLD_MS) forgotten.push(key)
    } else if (word === 'excluded') gone.push({ key, why: 'excluded' })
    else if (word === 'absent' && known && listedAt - known.since >= grace) proven.push(key)
  }
  const isMany = proven.length > BRAKE.count && proven.length > held.length * BRAKE.share
  if (!isMany) gone.push(...proven.map((key) => ({ key, why: 'absent' as const })))
  for (const { key } of gone) absent[key] = { since: absent[key]?.since ?? listedAt, goneAt: listedAt }
  for (const key of forgotten) delete absent[key]
  return { known: { listedAt, absent }, gone, forgotten, heldBack: isMany ? proven : [] }
}
