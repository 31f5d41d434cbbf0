import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Absences, planDepartures, type Word } from './plan-departures.ts'

const HOUR = 3_600_000
const GRACE = 24 * HOUR
const nothing: Absences = { listedAt: 0, absent: {} }
const held = ['a', 'b', 'c']

/** A list, as what it says of each; what it does not name is absent. */
const list = (hours: number, words: Readonly<Record<string, Word>>) => ({
  listedAt: hours * HOUR,
  wordOf: (key: string) => words[key] ?? 'absent',
})

const word = fc.constantFrom<Word>('listed', 'absent', 'absent', 'unsaid')
const lists = fc.array(
  // Hours after the start; some come late, some twice.
  fc.record({ at: fc.integer({ min: 1, max: 200 }), words: fc.record({ a: word, b: word, c: word }) }),
  { maxLength: 40 },
)

test('nothing goes that was on a list less than the grace before, or because of a list that does not speak of it', () => {
  fc.assert(
    fc.property(lists, (all) => {
      let known = nothing
      const said: { at: number; words: Readonly<Record<string, Word>> }[] = []
      for (const { at, words } of all) {
        const plan = planDepartures(held, known, list(at, words), GRACE)
        if (at * HOUR > known.listedAt) said.push({ at, words })
        for (const { key } of plan.gone) {
          expect(words).toMatchObject({ [key]: 'absent' })
          const lacking = said
            .slice(said.findLastIndex((one) => one.words[key] === 'listed') + 1)
            .filter((one) => one.words[key] === 'absent')
          expect(lacking.length).toBeGreaterThanOrEqual(2)
          expect(((lacking.at(-1)?.at ?? 0) - (lacking[0]?.at ?? 0)) * HOUR).toBeGreaterThanOrEqual(GRACE)
        }
        known = plan.known
      }
    }),
    { numRuns: 300 },
  )
})

test('planning again after a plan gives nothing', () => {
  const first = planDepartures(held, nothing, list(1, { a: 'listed' }), GRACE)
  const second = planDepartures(held, first.known, list(30, { a: 'listed' }), GRACE)
  expect(second.gone.map(({ key }) => key)).toEqual(['b', 'c'])
  expect(planDepartures(held, second.known, list(30, { a: 'listed' }), GRACE).gone).toEqual([])
  expect(planDepartures(held, second.known, list(31, { a: 'listed' }), GRACE).gone).toEqual([])
})

test('many at once are held back; what is excluded goes at once', () => {
  const many = Array.from({ length: 40 }, (_, n) => `key ${n}`)
  const known = { listedAt: HOUR, absent: Object.fromEntries(many.slice(1).map((key) => [key, { since: HOUR }])) }
  const plan = planDepartures(many, known, list(30, { 'key 0': 'listed', 'key 7': 'excluded' }), GRACE)
  expect(plan.gone).toEqual([{ key: 'key 7', why: 'excluded' }])
  expect(plan.heldBack).toHaveLength(38)
})
