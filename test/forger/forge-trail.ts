import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Line, readChain, relink, writeChain } from './chain.ts'
import type { Random } from './random.ts'
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

const flipByte: Forgery = (world, random) => {
  const writer = random.pick(world.writers)
  const [file = ''] = readdirSync(join(world.trail, writer)).sort()
  const path = join(world.trail, writer, file)
  const bytes = readFileSync(path)
  // The first file ends before the last checkpoint, so that each of its bytes is covered.
  const at = random.below(bytes.length)
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
        n === at ? [line, alter(line, (record) => Object.assign(record, { subject: 'x' }))] : [line],
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
    const writer = random.pick(world.writers)
    const [file = '', ...later] = readdirSync(join(world.trail, writer)).sort()
    const path = join(world.trail, writer, file)
    truncateSync(path, random.below(readFileSync(path).length - 1))
    for (const name of later) rmSync(join(world.trail, writer, name))
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
