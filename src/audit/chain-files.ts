import { createReadStream, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** `<directory>/<writer>/<yyyy-mm-dd>.jsonl`: a writer's chain runs through its files in the order of their names. */
export const dayFile = (directory: string, writer: string, at: string): string =>
  join(directory, writer, `${at.slice(0, 10)}.jsonl`)

export const listWriters = (directory: string): string[] =>
  existsSync(directory)
    ? readdirSync(directory, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name)
        .sort()
    : []

export const listDayFiles = (directory: string, writer: string): string[] =>
  readdirSync(join(directory, writer))
    .filter((name) => /^\d{4}-\d{2}-\d{2}\.jsonl$/.test(name))
    .sort()
    .map((name) => join(directory, writer, name))

export type Line = { file: string; number: number; text: string }

/** Every line of a writer, oldest first, one in memory at a time. */
export async function* readLines(files: readonly string[]): AsyncGenerator<Line> {
  for (const file of files) {
    let number = 0
    const lines = createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })
    for await (const text of lines) {
      number += 1
      yield { file, number, text }
    }
  }
}
