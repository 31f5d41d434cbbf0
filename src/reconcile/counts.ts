/** Counted since the process began, but for what is held back: that is of the last list. Metrics read them. */
export type DiscoveryCounts = {
  messages: number
  malformed: number
  ignored: number
  hints: number
  sweeps: number
  observations: number
  incomplete: number
  put: number
  removed: number
  accountsHeldBack: number
  regionsHeldBack: number
}

export const noCounts = (): DiscoveryCounts => ({
  messages: 0,
  malformed: 0,
  ignored: 0,
  hints: 0,
  sweeps: 0,
  observations: 0,
  incomplete: 0,
  put: 0,
  removed: 0,
  accountsHeldBack: 0,
  regionsHeldBack: 0,
})
