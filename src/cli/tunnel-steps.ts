import { styleText } from 'node:util'
import type { CommandContext } from './command.ts'

export type TunnelSteps = {
  step<T>(name: string, work: () => Promise<T>): Promise<T>
  /** A line that is no step: connected, replaced. */
  say(event: string, details: Record<string, unknown>, text: string): void
  done(): readonly { name: string; ms: number; ok: boolean }[]
}

/** Each step with its time: a line a step on stderr for a person, a JSON line on stdout for `--json-lines`. */
export function createTunnelSteps({ options, output }: CommandContext, now: () => number): TunnelSteps {
  const lines = options['jsonLines'] === true
  const finished: { name: string; ms: number; ok: boolean }[] = []
  const write = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`)
  const person = !lines && !output.json
  const tell = (step: { name: string; ms: number; ok: boolean }) => {
    finished.push(step)
    if (lines) write({ event: 'step', ...step })
    if (!person) return
    const mark = step.ok
      ? styleText('green', '✓', { stream: process.stderr })
      : styleText('red', '✗', { stream: process.stderr })
    process.stderr.write(`${mark} ${step.name}  ${(step.ms / 1000).toFixed(1)} s\n`)
  }
  return {
    async step(name, work) {
      const begun = now()
      try {
        const value = await work()
        tell({ name, ms: now() - begun, ok: true })
        return value
      } catch (error) {
        tell({ name, ms: now() - begun, ok: false })
        throw error
      }
    },
    say(event, details, text) {
      if (lines) write({ event, ...details })
      if (person) process.stderr.write(`${text}\n`)
    },
    done: () => finished,
  }
}
