/**
 * One way to fail that a person can act on. Each folder keeps its codes in its own `errors.ts`;
 * `script/reference` merges them into docs/reference/errors.md and a test holds both together.
 */
export type ErrorEntry = { message: string; retryable: boolean; hint: string }

type Params = Readonly<Record<string, string | number | boolean | undefined>>
export type FailureOptions = { cause?: unknown }

export class CodedError extends Error {
  readonly code: string
  readonly retryable: boolean
  readonly hint: string
  readonly details: Params

  constructor(code: string, entry: ErrorEntry, details: Params = {}, options: FailureOptions = {}) {
    super(fill(entry.message, details), options)
    this.name = 'CodedError'
    this.code = code
    this.retryable = entry.retryable
    this.hint = fill(entry.hint, details)
    this.details = details
  }

  /** What may leave the process: no stack, no cause. */
  toJSON() {
    return { code: this.code, message: this.message, retryable: this.retryable, hint: this.hint }
  }
}

export type ErrorFactory = ((details?: Params, options?: FailureOptions) => CodedError) & { readonly code: string }
export type ErrorCatalogue<Code extends string> = { readonly [K in Code]: ErrorFactory }

/** `{name}` in a message or hint is filled from the details given when the error is made. */
export function defineErrors<const Code extends string>(entries: Record<Code, ErrorEntry>): ErrorCatalogue<Code> {
  const made: Partial<Record<Code, ErrorFactory>> = {}
  for (const code of Object.keys(entries) as Code[]) {
    const make = (details?: Params, options?: FailureOptions) => new CodedError(code, entries[code], details, options)
    made[code] = Object.assign(make, { code, entry: entries[code] })
  }
  return made as ErrorCatalogue<Code>
}

export const isCoded = (error: unknown): error is CodedError => error instanceof CodedError

export const hasCode = (error: unknown, ...factories: readonly ErrorFactory[]): boolean =>
  isCoded(error) && factories.some((factory) => factory.code === error.code)

/** The innermost readable reason; for logs, never for control flow. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(reasonOf).join('; ')
  if (error instanceof Error) return error.message || error.name
  return String(error)
}

const fill = (text: string, details: Params): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => (details[name] === undefined ? whole : String(details[name])))
