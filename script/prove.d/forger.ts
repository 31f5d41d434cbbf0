import { parseArgs } from 'node:util'
import { isRight, runForger } from '../../test/forger/run-forger.ts'

/** Twelve worlds, every forgery in each: what both verifiers say of it, on files and in a log group and buckets. `--json` prints the counts as one document. */
const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    rounds: { type: 'string', default: '12' },
    json: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed ?? Date.now() % 2 ** 31)

const counts: Record<string, { cases: number; found: number; agreed: number }> = {}
let cases = 0
let failed = 0
for await (const one of runForger(seed, Number(values.rounds))) {
  const count = counts[one.forgery] ?? { cases: 0, found: 0, agreed: 0 }
  counts[one.forgery] = {
    cases: count.cases + 1,
    found: count.found + Number(one.found),
    agreed: count.agreed + Number(one.agreed),
  }
  cases += 1
  if (isRight(one)) continue
  failed += 1
  console.error(JSON.stringify(one))
}

if (values.json) console.log(JSON.stringify({ name: 'forger', seed, cases, failed, counts }))
else {
  for (const [name, { cases: of, found, agreed }] of Object.entries(counts)) {
    console.log(`${name}: ${found} of ${of} found, ${agreed} agreed`)
  }
  console.log(`seed ${seed}: ${cases} cases, ${failed} failed`)
}
process.exitCode = failed > 0 ? 1 : 0
