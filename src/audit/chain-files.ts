import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { readFileLines } from './line-reader.ts'
import type { RecordSource } from './record-source.ts'

/** `<directory>/<writer>/<yyyy-mm-dd>.jsonl`: a writer's chain runs through its files in the order of their names. */
export const dayFile = (directory: string, writer: string, at: string): string =>
  join(directory, writer, `${at.slice(0, 10)}.jsonl`)

/** A writer's id names a folder and a log stream. */
export const isWriter = (writer: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(writer)

export const listWriters = (directory: string): string[] =>
  existsSync(directory)
    ? readdirSync(directory, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && isWriter(entry.name))
        .map((entry) => entry.name)
        .sort()
    : []

export function listDayFiles(directory: string, writer: string): string[] {
  const folder = join(directory, writer)
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => /^\d{4}-\d{2}-\d{2}\.jsonl$/.test(name))
        .sort()
        .map((name) => join(folder, name))
    : []
}

/** The trail's folder. A last line without its line feed is being written and is not given; elsewhere it is a line like any other. */
export function fileRecords(directory: string): RecordSource {
  return {
    writers: async () => listWriters(directory),
    async *read(writer, from) {
      const all = listDayFiles(directory, writer)
      const start = from === undefined ? undefined : parseMark(from)
      const files = start ? all.filter((file) => basename(file) >= start.file) : all
      for (const file of files) {
        const place = start?.file === basename(file) ? start : undefined
        if (place && statSync(file).size <= place.offset) return
        for await (const { number, offset, bytes, whole } of readFileLines(file, place)) {
          if (!whole && file === files.at(-1)) return
          const name = basename(file)
          yield { where: file, line: number, bytes, day: name.slice(0, 10), mark: `${name} ${number} ${offset}` }
        }
      }
    },
  }
}

/** A mark that begins with the file of that day. */
export const startOfDay = (at: string): string => `${at.slice(0, 10)}.jsonl 1 0`

function parseMark(mark: string): { file: string; number: number; offset: number } {
  const [file = '', number = '1', offset = '0'] = mark.split(' ')
  return { file, number: Number(number), offset: Number(offset) }
}
