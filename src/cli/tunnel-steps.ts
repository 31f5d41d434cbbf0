import { styleText } from 'node:util'
import type { CommandContext } from './command.ts'
import { table } from './output.ts'

export type TunnelSteps = {
  step<T>(name: string, work: () => Promise<T>): Promise<T>
  /** A line that is no step: connected, replaced. */
  say(event: string, details: Record<string, unknown>, text: string): void
  /** The document of the whole command; the last line of a stream. */
  finish(document: Record<string, unknown>, text: string): void
  /** Every step so far with when it began, for a report of how long a real cloud takes. */
  trace(about: Record<string, string>): string
}

/** `at`: ms since the command began. */
type FinishedStep = { name: string; at: number; ms: number; ok: boolean }

/** Each step with its time: a line a step on stderr for a person, a JSON line on stdout for `--json-lines`. */
export function createTunnelSteps({ options, output }: CommandContext, now: () => number): TunnelSteps {
  const lines = options['jsonLines'] === true
  const finished: FinishedStep[] = []
  // Whoever asked for the command waited for Node to start as well.
  const began = now() - performance.now()
  const write = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`)
  const person = !lines && !output.json
  const tell = (step: FinishedStep) => {
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
        tell({ name, at: Math.round(begun - began), ms: now() - begun, ok: true })
        return value
      } catch (error) {
        tell({ name, at: Math.round(begun - began), ms: now() - begun, ok: false })
        throw error
      }
    },
    say(event, details, text) {
      if (lines) write({ event, ...details })
      if (person) process.stderr.write(`${text}\n`)
    },
    finish(document, text) {
      const whole = { ...document, phases: finished }
      if (lines) write(whole)
      else output.document(whole, () => text)
    },
    trace(about) {
      const rows = finished.map(({ name, at, ms }) => [name, String(at), String(ms)])
      // Some go on at once: the last to begin need not be the last to end.
      const whole = String(Math.max(0, ...finished.map(({ at, ms }) => at + ms)))
      const lines = Object.entries(about).map(([name, value]) => `${name}: ${value}`)
      return [...lines, table(['PHASE', 'BEGAN AT, MS', 'TOOK, MS'], [...rows, ['all', '0', whole]])].join('\n')
    },
  }
}
