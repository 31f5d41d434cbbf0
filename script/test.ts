import { sample } from '../test/fixtures/sample.ts'
import { longTests } from './long-tests.ts'
import { type Outcome, start, vitest, type Words } from './vitest.ts'

/**
 * Runs every check of the repository and ends with a plain line `N passed, N failed`.
 * A tool counts as one test; vitest counts its own.
 */
type Run = () => Promise<Outcome>
type Part = {
  name: string
  run: Run
  /** Holds nothing that the other parts do not; run when it is named. */
  extra?: true
}

const wanted = process.argv.slice(2)
const isChosen = ({ name, extra }: Omit<Part, 'run'>) => (wanted.length === 0 ? !extra : wanted.includes(name))

const bin = (tool: string) => `node_modules/.bin/${tool}`

async function tool(label: string, command: string, args: readonly string[], words?: Words): Promise<Outcome> {
  const startedAt = performance.now()
  const ok = await start(command, args, words)
  console.log(`${ok ? 'passed' : 'FAILED'}  ${label}  ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  return ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

/** The part before it has built what each of them packs. */
const journey = (label: string, ...flags: string[]) =>
  tool(label, 'script/lab', ['--once', ...(isChosen({ name: 'build' }) ? ['--built'] : []), ...flags], 'at the end')

const journeys: readonly Run[] = [
  () => journey('the whole journey'),
  () => journey('the whole journey, discovery by functions', '--lambda'),
]

function testSample(): Promise<Outcome> {
  const taken = sample(longTests, longTests.length / 2)
  const without = longTests.filter((file) => !taken.includes(file))
  console.log(`left out this time: ${without.join(', ') || 'nothing'}`)
  return vitest({ without })
}

const sum = (outcomes: readonly Outcome[]): Outcome => ({
  passed: outcomes.reduce((all, { passed }) => all + passed, 0),
  failed: outcomes.reduce((all, { failed }) => all + failed, 0),
})

const atOnce = async (...runs: Run[]) => sum(await Promise.all(runs.map((run) => run())))

async function inTurn(...runs: Run[]): Promise<Outcome> {
  const outcomes: Outcome[] = []
  for (const run of runs) outcomes.push(await run())
  return sum(outcomes)
}

const parts: Part[] = [
  {
    name: 'check',
    run: () =>
      atOnce(
        () => tool('format and lint', bin('biome'), ['check', '.']),
        () => tool('types', bin('tsc'), ['--noEmit']),
        () => tool('types of the pages', bin('tsc'), ['--noEmit', '-p', 'web']),
        () => tool('nothing unused', bin('knip'), []),
      ),
  },
  { name: 'build', run: () => tool('bundles', process.execPath, ['script/build.ts']) },
  { name: 'unit', run: testSample },
  {
    name: 'guacamole',
    run: () => vitest({ folders: ['src/catalogue', 'src/guacamole', 'test/guacamole'] }),
    extra: true,
  },
  {
    name: 'lab',
    run: () =>
      atOnce(
        () => inTurn(...sample(journeys, 1)),
        () =>
          inTurn(
            () => journey('a tunnel into a peered VPC, by WireGuard', '--tunnel', 'wireguard'),
            () => journey('a tunnel into a peered VPC, by OpenVPN', '--tunnel', 'openvpn'),
          ),
      ),
  },
]

const unknown = wanted.filter((name) => !parts.some((part) => part.name === name))
if (unknown.length > 0) {
  console.error(`no part called ${unknown.join(', ')}; there are ${parts.map((part) => part.name).join(', ')}`)
  process.exit(64)
}
const total = await inTurn(...parts.filter(isChosen).map((part) => part.run))
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exit(total.failed === 0 ? 0 : 1)
