/** mulberry32: a proof must be repeatable from its seed. */
export type Random = {
  /** 0 … below - 1 */
  below(limit: number): number
  pick<T>(items: readonly T[]): T
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const below = (limit: number) => next() % limit
  return {
    below,
    pick(items) {
      const [item] = items.slice(below(items.length))
      if (item === undefined) throw new RangeError('nothing to pick from')
      return item
    },
  }
}
