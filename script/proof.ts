import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { basename } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import * as z from 'zod'

/**
 * Keeps what a bench or a proof printed as JSON, with all that is needed to judge it: `… | node script/proof.ts NAME --command C --load L`.
 * docs/numbers.md is made from these files.
 */
export const PROOFS = 'docs/proof'

const rowSchema = z.object({
  name: z.string(),
  unit: z.string(),
  value: z.number(),
  peer: z.string().nullable(),
  peerValue: z.number().nullable(),
  ratio: z.number().nullable(),
  goal: z.string().nullable(),
  ok: z.boolean().nullable(),
  why: z.string().optional(),
})
export type ProofRow = z.infer<typeof rowSchema>

const countsSchema = z
  .object({ name: z.string(), seed: z.union([z.number(), z.string()]), cases: z.number(), failed: z.number() })
  .catchall(z.unknown())

const proofSchema = z.object({
  command: z.string(),
  /** ISO 8601, UTC. */
  at: z.string(),
  /** Ends with `+` when the tree held more than the commit. */
  commit: z.string(),
  machine: z.object({ cpu: z.string(), cores: z.number(), memoryGB: z.number(), kernel: z.string(), node: z.string() }),
  /** Processes that wanted a core, averaged over a minute, before and after. */
  load: z.tuple([z.number(), z.number()]),
  result: z.union([z.array(rowSchema), countsSchema]),
})
export type Proof = z.infer<typeof proofSchema> & { name: string }

/** Those that say where they come from; a table that a proof wrote by itself is no figure of the page. */
export const readProofs = (): Proof[] =>
  globSync(`${PROOFS}/*.json`)
    .sort()
    .map((file) => ({ name: basename(file, '.json'), kept: JSON.parse(readFileSync(file, 'utf8')) }))
    .filter(({ kept }) => 'command' in kept)
    .map(({ name, kept }) => ({ name, ...proofSchema.parse(kept) }))

const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()

async function save(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { command: { type: 'string', default: '' }, load: { type: 'string', default: '0' } },
  })
  const changed = git('status', '--porcelain', '--', 'src', 'bench', 'lab', 'script', 'package-lock.json') !== ''
  const proof = proofSchema.parse({
    command: values.command,
    at: new Date().toISOString(),
    commit: `${git('rev-parse', '--short=10', 'HEAD')}${changed ? '+' : ''}`,
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryGB: Math.round(totalmem() / 1e9),
      kernel: release(),
      node: process.version,
    },
    load: [Number(values.load), loadavg()[0]],
    result: JSON.parse(await text(process.stdin)),
  })
  mkdirSync(PROOFS, { recursive: true })
  writeFileSync(`${PROOFS}/${positionals[0]}.json`, `${JSON.stringify(proof, undefined, 2)}\n`)
}

if (import.meta.main) await save()
