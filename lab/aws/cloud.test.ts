import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const here = dirname(fileURLToPath(import.meta.url))

test("the launcher's own Python tests pass", () => {
  const python = join(here, '../../.tools/venv/bin/python')
  const run = spawnSync(python, ['-m', 'unittest', 'cloud.test_policies', 'cloud.test_timetable'], {
    cwd: here,
    encoding: 'utf8',
    timeout: 30_000,
  })
  expect(run.stderr).toMatch(/Ran [1-9]\d* tests? in [\s\S]*\nOK\n$/)
})
