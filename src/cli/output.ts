import { styleText } from 'node:util'

export type Output = {
  readonly json: boolean
  /** One document for `--json`, or else what `text` draws. */
  document(value: unknown, text: () => string): void
}

export function createOutput(
  json: boolean,
  write: (text: string) => void = (text) => process.stdout.write(text),
): Output {
  return {
    json,
    document: (value, text) => write(`${json ? JSON.stringify(value, null, 2) : text()}\n`),
  }
}

/** What names and reasons from outside hold must not steer the terminal that reads them. */
const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd')

/** Columns as wide as their widest cell. Honours NO_COLOR and FORCE_COLOR as styleText does. */
export function table(header: readonly string[], given: readonly (readonly string[])[]): string {
  const rows = given.map((row) => row.map(printable))
  const widths = header.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd()
  const title = styleText('bold', line(header), { stream: process.stdout, validateStream: true })
  return [title, ...rows.map(line)].join('\n')
}

/** `3 min ago`: for eyes; JSON carries milliseconds. */
export function ago(at: number | undefined, now: number): string {
  if (at === undefined) return 'never'
  const seconds = Math.max(0, Math.round((now - at) / 1000))
  if (seconds < 90) return `${seconds} s ago`
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`
  return `${Math.round(seconds / 3600)} h ago`
}
