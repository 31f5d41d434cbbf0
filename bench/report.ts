/** One measured thing beside its peer, measured in the same run. */
export type Row = {
  name: string
  unit: string
  value: number
  /** What it is compared with; null when the peer is not there, with the reason in `why`. */
  peer: string | null
  peerValue: number | null
  /** value / peerValue; below 1 is better unless the goal says otherwise. */
  ratio: number | null
  goal: string | null
  /** Null without a goal, without the peer that it speaks of, or where the samples do not decide. */
  ok: boolean | null
  why?: string
}

type Measured = {
  name: string
  unit: string
  value: number
  peer?: { name: string; value: number } | { absent: string }
  /** Without `met` it cannot be judged: the peer is not there, or the samples do not decide. */
  goal?: { text: string; met?: boolean }
}

export function row({ name, unit, value, peer, goal }: Measured): Row {
  const there = peer && 'value' in peer ? peer : undefined
  return {
    name,
    unit,
    value: round(value),
    peer: there?.name ?? null,
    peerValue: there ? round(there.value) : null,
    ratio: there && there.value !== 0 ? round(value / there.value) : null,
    goal: goal?.text ?? null,
    ok: goal?.met ?? null,
    ...(peer && 'absent' in peer ? { why: peer.absent } : {}),
  }
}

/** Prints the rows: JSON with `--json`, a table for eyes otherwise. A missed goal is shown, never thrown: the run itself succeeded. */
export function report(rows: readonly Row[]): void {
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify(rows, null, 2))
    return
  }
  console.log('| what | value | peer | peer value | ratio | goal | |')
  console.log('|---|---|---|---|---|---|---|')
  for (const { name, unit, value, peer, peerValue, ratio, goal, ok, why } of rows) {
    const verdict = ok === null ? '' : ok ? 'met' : 'missed'
    console.log(
      `| ${name} | ${value} ${unit} | ${peer ?? why ?? ''} | ${peerValue ?? ''} | ${ratio ?? ''} | ${goal ?? ''} | ${verdict} |`,
    )
  }
}

/** The q-quantile (0…1) of the samples, nearest rank. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? Number.NaN
}

/**
 * The middle of ratios, and between which figures that of all that could be taken lies, in 95 of 100 cases. Ratios that are as often above as below it, equally far
 * by their logarithms, are all that is assumed: so are those of pairs whose first one changes (Wilcoxon's signed ranks, by the normal approximation; the middle is that of Hodges and Lehmann).
 * As sure as the plain median's of half as many samples again.
 */
export function middleBetween(ratios: readonly number[]): { middle: number; low: number; high: number } {
  const logs = ratios.map(Math.log)
  const means = logs.flatMap((one, at) => logs.slice(at).map((other) => (one + other) / 2)).sort((a, b) => a - b)
  const n = ratios.length
  const from = Math.max(0, Math.floor((n * (n + 1)) / 4 - 1.96 * Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24)) - 1)
  const at = (rank: number) => Math.exp(means[rank] ?? Number.NaN)
  return { middle: Math.exp(quantile(means, 0.5)), low: at(from), high: at(means.length - 1 - from) }
}

const round = (value: number) => Number(value.toPrecision(4))
