import { readFileSync, writeFileSync } from 'node:fs'
import { type Proof, type ProofRow, readProofs } from './proof.ts'

/** Writes docs/numbers.md from docs/proof/*.json. `--check` fails when the page differs. */
export const NUMBERS = 'docs/numbers.md'

const intro = `# Numbers

Each figure is measured beside a named peer in the same run, on one machine; ratios travel, milliseconds do not. Below 1 is better. Goals were set before anything was measured; a missed one stays here.
A command with \`--save\` takes its figures again, and \`node script/numbers.ts\` writes this page from [docs/proof](proof/); a test holds the page to them.
`

export function renderNumbers(proofs: readonly Proof[]): string {
  const benches = proofs.flatMap((proof) => (Array.isArray(proof.result) ? [benchOf(proof, proof.result)] : []))
  const counts = proofs.flatMap((proof) => (Array.isArray(proof.result) ? [] : [countsOf(proof, proof.result)]))
  return [intro, ...benches, ...(counts.length > 0 ? [`## Proofs\n`, ...counts] : [])].join('\n')
}

const title = (name: string) => `${name.charAt(0).toUpperCase()}${name.slice(1)}`

function provenance({ command, at, commit, machine, load }: Proof): string {
  const { cpu, cores, memoryGB, node } = machine
  const loads = load.map((one) => one.toFixed(1)).join(' before and ')
  return `\`${command}\` at commit ${commit}, ${at.slice(0, 16).replace('T', ' ')} UTC; ${cores} × ${cpu}, ${memoryGB} GB, Node ${node.slice(1)}; load ${loads} after.`
}

function benchOf(proof: Proof, rows: readonly ProofRow[]): string {
  const lines = rows.map(({ name, unit, value, peer, peerValue, ratio, goal, ok, why }) => {
    const beside = peer === null ? (why ?? '') : `${peer}: ${plain(peerValue)}`
    const verdict = ok === null ? '' : ok ? ', met' : ', **missed**'
    return `| ${name} | ${plain(value)} ${unit} | ${beside} | ${plain(ratio)} | ${goal === null ? '' : `${goal}${verdict}`} |`
  })
  const head = ['| what | ours | peer | ratio | goal |', '|---|---|---|---|---|']
  return [`## ${title(proof.name)}\n`, `${provenance(proof)}\n`, ...head, ...lines, ''].join('\n')
}

function countsOf(proof: Proof, { name, seed, cases, failed, ...more }: Record<string, unknown>): string {
  const rest = Object.entries(more).flatMap(([key, value]) => (typeof value === 'number' ? [`${key} ${value}`] : []))
  return `- **${name}**: ${cases} cases, ${failed} failed, seed ${seed}${rest.length > 0 ? `; ${rest.join(', ')}` : ''}. ${provenance(proof)}`
}

/** No exponents: 0.0000312, 150000. */
const plain = (value: number | null): string =>
  value === null ? '' : value.toLocaleString('en', { maximumSignificantDigits: 4, useGrouping: false })

if (import.meta.main) {
  const page = renderNumbers(readProofs())
  if (process.argv.includes('--check')) {
    if (readFileSync(NUMBERS, 'utf8') !== page) {
      console.error(`${NUMBERS} is not what docs/proof says: run node script/numbers.ts`)
      process.exit(1)
    }
  } else writeFileSync(NUMBERS, page)
}
