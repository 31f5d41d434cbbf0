import { spawnSync } from 'node:child_process'
import { quantile, type Row, row } from '../report.ts'

/** From nothing to the answer of `--version`, and of `--help`, which loads the table of commands. */
export function benchCliStart(cli: string, rounds: number): Row[] {
  const times = (args: readonly string[]) => {
    // The first fills Node's compile cache, as any earlier use would have.
    const all = [...Array(rounds + 1).keys()].map(() => {
      const begun = performance.now()
      const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' })
      if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`)
      return performance.now() - begun
    })
    return quantile(all.slice(1), 0.5)
  }
  const bare = times(['-e', '0'])
  return [['--version'], ['--help'], ['config', 'schema']].map((args) => {
    const value = times([cli, ...args])
    return row({
      name: `CLI start, enchilada ${args.join(' ')}, median`,
      unit: 'ms',
      value,
      peer: { name: 'node -e 0', value: bare },
      goal: { text: '≤ 150 ms', met: value <= 150 },
    })
  })
}
