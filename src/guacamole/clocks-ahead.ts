/** Nearer than this a clock is right: it is measured from whole seconds. */
export const CLOCK_TOLERANCE_MS = 2_000
/** What was written longer ago may have been written before the clock was put right or wrong. */
const FRESH_MS = 60_000

/** `aheads`: by how much each web application node was just measured to be ahead of us, in ms. */
export type Aheads = readonly number[]

/** What all nodes are ahead by; undefined where none tells, or they differ. */
export function agreedAhead(aheads: Aheads): number | undefined {
  const [first] = aheads
  return first !== undefined && isOne(aheads) ? first : undefined
}

/**
 * By how much the clock that wrote `at` was ahead when it did. A row is seen seconds after it was written, so by the right clock it is
 * that young; where none of the clocks makes it so, or several that differ do, nobody knows.
 */
export function aheadWhenWritten(at: number, aheads: Aheads, now: number): number | undefined {
  return agreedAhead(
    aheads.filter((ahead) => {
      const age = now - (at - ahead)
      return age > -CLOCK_TOLERANCE_MS && age < FRESH_MS
    }),
  )
}

/** The one that is furthest off, where it is too far off to be overlooked. */
export function worstAhead(aheads: Aheads): number | undefined {
  const worst = aheads.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0)
  return Math.abs(worst) > CLOCK_TOLERANCE_MS ? worst : undefined
}

const isOne = (aheads: Aheads): boolean => Math.max(...aheads) - Math.min(...aheads) <= CLOCK_TOLERANCE_MS
