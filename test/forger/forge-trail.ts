import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../fixtures/random.ts'
import { type Line, readChain, relink, writeChain } from './chain.ts'
import type { World } from './world.ts'

export type Forgery = (world: World, random: Random) => void

/** Edits the chain of one writer at a place that a checkpoint covers. */
const inChain =
  (edit: (lines: Line[], at: number, random: Random) => Line[]): Forgery =>
  (world, random) => {
    const writer = random.pick(world.writers)
    const lines = readChain(world.trail, writer)
    writeChain(world.trail, writer, edit(lines, random.below(world.covered.get(writer) ?? 1), random))
  }

const alter = (line: Line, change: (record: Record<string, unknown>) => void): Line => {
  const record = JSON.parse(line.text)
  change(record)
  return { file: line.file, text: JSON.stringify(record) }
}

const alterAt = (lines: readonly Line[], at: number, change: (record: Record<string, unknown>) => void): Line[] =>
  lines.map((line, n) => (n === at ? alter(line, change) : line))

const swap = (lines: readonly Line[], one: number, other: number): Line[] =>
  lines.map((line, n) => ({ file: line.file, text: lines[n === one ? other : n === other ? one : n]?.text ?? '' }))

/** The first file of a writer, and how many of its bytes a checkpoint covers. */
function firstFile(world: World, random: Random): { path: string; covered: number; later: string[] } {
  const writer = random.pick(world.writers)
  const [file = '', ...later] = readdirSync(join(world.trail, writer)).sort()
  const signed = readChain(world.trail, writer).slice(0, world.covered.get(writer) ?? 1)
  return {
    path: join(world.trail, writer, file),
    covered: signed
      .filter((line) => line.file === file)
      .reduce((sum, { text }) => sum + Buffer.byteLength(text) + 1, 0),
    later: later.map((name) => join(world.trail, writer, name)),
  }
}

const flipByte: Forgery = (world, random) => {
  const { path, covered } = firstFile(world, random)
  const bytes = readFileSync(path)
  const at = random.below(covered)
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random.below(8)), at)
  writeFileSync(path, bytes)
}

export const trailForgeries: Readonly<Record<string, Forgery>> = {
  'flips a bit': flipByte,
  'changes a record and every hash after it': inChain((lines, at, random) =>
    relink(alterAt(lines, at, (record) => Object.assign(record, { actor: `nobody-${random.below(100)}` }))),
  ),
  'drops a record': inChain((lines, at) => lines.filter((_, n) => n !== at)),
  'drops a record and numbers anew': inChain((lines, at) => relink(lines.filter((_, n) => n !== at))),
  'adds a record and numbers anew': inChain((lines, at) =>
    relink(
      lines.flatMap((line, n) =>
        n === at ? [alter(line, (record) => Object.assign(record, { subject: 'x' })), line] : [line],
      ),
    ),
  ),
  'doubles a record': inChain((lines, at) => lines.flatMap((line, n) => (n === at ? [line, line] : [line]))),
  'swaps two records and links anew': inChain((lines, at) => relink(swap(lines, at, at > 0 ? at - 1 : 1))),
  'cuts the tail': inChain((lines, at) => lines.slice(0, at)),
  'cuts the tail and writes on': inChain((lines, at) =>
    relink(
      lines.map((line, n) => (n < at ? line : alter(line, (record) => Object.assign(record, { actor: 'quiet' })))),
    ),
  ),
  'cuts in the middle of a line': (world, random) => {
    const { path, covered, later } = firstFile(world, random)
    truncateSync(path, random.below(covered - 1))
    for (const file of later) rmSync(file)
  },
  'moves a record to another day': inChain((lines) => {
    const [first] = lines
    const last = lines.at(-1)
    return lines.map((line) => (line === first && last ? { ...line, file: last.file.replace('2026', '2025') } : line))
  }),
  'removes a writer': (world, random) => rmSync(join(world.trail, random.pick(world.writers)), { recursive: true }),
  'puts one writer in the place of another': (world) => {
    const [one = '', other = ''] = world.writers
    const lines = readChain(world.trail, one).map((line) =>
      alter(line, (record) => Object.assign(record, { writer: other })),
    )
    writeChain(world.trail, other, relink(lines))
  },
}
