/** What a world tells about itself, one JSON line each, from the inside to whoever started it. */

export type Step = { name: string; ms: number; ok: boolean; detail?: string }

export type PersonReport = { name: string; email: string; groups: readonly string[]; password: string; totp?: string }

export type HostReport = { id: string; account: string; region: string; name: string; address: string }

/** The laptop of an engineer; `shell` is what `ip` of the world is told to start one there. */
export type LaptopReport = { name: string; home: string; shell: string[] }

/** What was brought up and tried. Everything of it may be printed: all of it belongs to the world alone. */
export type WorldReport = {
  portal: string
  idp: string
  aws: string
  /** Where a sign-in to AWS begins: the SAML provider's page. */
  saml: string
  seed: string
  people: PersonReport[]
  /** Variables that point stock AWS tools at the world. */
  env: Record<string, string>
  hosts: HostReport[]
  /** In a world that lasts. */
  laptop?: LaptopReport
  /** Of the journey: ids as the product gives them. */
  session?: string
  recording?: Record<string, unknown>
  trail?: Record<string, unknown>
  /** Samples in ms, or bytes a second, by what was measured. */
  figures?: Record<string, number[]>
}

export type Line =
  | { kind: 'step'; step: Step }
  | { kind: 'ready'; ok: boolean; report: WorldReport }
  | { kind: 'ended'; ok: boolean; steps: Step[] }
  | { kind: 'failed'; message: string }

export type Steps = {
  /** Runs one named step and tells of it; a failure is told and thrown on. */
  step<T>(name: string, work: () => Promise<T>, detail?: (value: T) => string): Promise<T>
  all(): readonly Step[]
}

export function createSteps(tell: (line: Line) => void, now: () => number = () => performance.now()): Steps {
  const done: Step[] = []
  const add = (step: Step) => {
    done.push(step)
    tell({ kind: 'step', step })
  }
  return {
    async step(name, work, detail) {
      const startedAt = now()
      const ms = () => Math.round(now() - startedAt)
      try {
        const value = await work()
        add({ name, ms: ms(), ok: true, ...(detail && { detail: detail(value) }) })
        return value
      } catch (error) {
        add({ name, ms: ms(), ok: false, detail: error instanceof Error ? error.message : String(error) })
        throw error
      }
    },
    all: () => done,
  }
}
