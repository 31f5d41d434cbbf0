import { vitest } from '../vitest.ts'

/** Every test, and of the tables that `script/test` samples every row. `--json` prints the count as one document. */
process.env['ENCHILADA_TEST_WHOLE'] = '1'
const { passed, failed } = await vitest({ words: 'error' })
const cases = passed + failed
if (process.argv.includes('--json')) console.log(JSON.stringify({ name: 'tests', seed: 'enumerated', cases, failed }))
else console.log(`${cases} tests, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
