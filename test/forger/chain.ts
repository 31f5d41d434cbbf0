import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import canonicalize from 'canonicalize'
import { lineHash } from '../../src/kernel/hash-chain.ts'

export type Line = { file: string; text: string }

/** A writer's chain as a forger sees it: lines, in files. */
export function readChain(trail: string, writer: string): Line[] {
  const folder = join(trail, writer)
  return readdirSync(folder)
    .sort()
    .flatMap((file) =>
      readFileSync(join(folder, file), 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((text) => ({ file, text })),
    )
}

export function writeChain(trail: string, writer: string, lines: readonly Line[]): void {
  const folder = join(trail, writer)
  for (const file of readdirSync(folder)) rmSync(join(folder, file))
  for (const file of new Set(lines.map((line) => line.file))) {
    const texts = lines.filter((line) => line.file === file).map(({ text }) => `${text}\n`)
    writeFileSync(join(folder, file), texts.join(''))
  }
}

/** Numbers the records anew and computes every hash anew, so that the chain alone says nothing is wrong. */
export function relink(lines: readonly Line[]): Line[] {
  let prev = '0'.repeat(64)
  return lines.map(({ file, text }, at) => {
    const linked = canonicalize({ ...JSON.parse(text), seq: at + 1, prev }) ?? ''
    prev = lineHash(linked)
    return { file, text: linked }
  })
}
