import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ErrorEntry } from '../src/kernel/errors.ts'

/**
 * Writes docs/reference/errors.md from every `errors.ts` of src. `--check` fails when the page differs.
 * One page, so that a code seen in a log is found by one search.
 */
export const REFERENCE = 'docs/reference/errors.md'

export type Entry = ErrorEntry & { code: string; folder: string }

export async function collectErrors(): Promise<Entry[]> {
  const entries: Entry[] = []
  for (const file of globSync('src/*/**/errors.ts').sort()) {
    const module: Record<string, unknown> = await import(resolve(file))
    for (const catalogue of Object.values(module)) {
      for (const factory of Object.values(catalogue ?? {})) {
        if (isFactory(factory)) entries.push({ ...factory.entry, code: factory.code, folder: file.split('/')[1] ?? '' })
      }
    }
  }
  return entries.sort((a, b) => (a.code < b.code ? -1 : 1))
}

const isFactory = (value: unknown): value is { code: string; entry: ErrorEntry } =>
  typeof value === 'function' && 'code' in value && 'entry' in value

export function renderReference(entries: readonly Entry[]): string {
  const rows = entries.map(
    ({ code, message, retryable, hint, folder }) =>
      `### ${code}\n\n${message}.\n\n- What to do: ${hint}\n- Trying again ${retryable ? 'may help' : 'does not help'}. From \`src/${folder}\`.\n`,
  )
  return [
    '# Error codes',
    '',
    'Every refusal and failure carries one of these codes, in the page, the command line, the API, the log and the trail.',
    'Words in braces are filled in. Written by `node script/reference.ts`; a test holds it to the code.',
    '',
    ...rows,
  ].join('\n')
}

if (import.meta.main) {
  const text = renderReference(await collectErrors())
  if (process.argv.includes('--check')) {
    if (readFileSync(REFERENCE, 'utf8') !== text) {
      console.error(`${REFERENCE} is not what the code says: run node script/reference.ts`)
      process.exit(1)
    }
  } else writeFileSync(REFERENCE, text)
}
