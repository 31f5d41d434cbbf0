import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import { listSources, readSource } from './ladder.ts'

const root = process.cwd()
const files = listSources(root, ['src', 'web', 'deploy', 'lab', 'bench', 'test', 'script'])
const vague = /^(utils?|helpers?|misc|shared|index)\.tsx?$/

describe('the shape of the code', () => {
  test('no file is over 300 lines: it holds one idea', () => {
    expect(files.filter((file) => readSource(root, file).split('\n').length > 301)).toEqual([])
  })

  test('file names are kebab-case and name an idea', () => {
    const odd = files.filter(
      (file) => !/^[a-z0-9]+(?:[-.][a-z0-9]+)*\.tsx?$/.test(basename(file)) || vague.test(basename(file)),
    )
    expect(odd).toEqual([])
  })

  test('no cast through unknown: it switches the checker off', () => {
    const cast = new RegExp('\\bas unknown' + ' as\\b')
    expect(files.filter((file) => cast.test(readSource(root, file)))).toEqual([])
  })

  test('the lock file names no registry and was written under Node 24', () => {
    const lock = readFileSync('package-lock.json', 'utf8')
    expect(lock).not.toContain('"resolved"')
    // Under an older Node npm settles for older majors without a word.
    expect(lock).toMatch(/"node_modules\/commander": \{\s+"version": "15\./)
  })

  test('the tests run on the pinned Node', () => {
    expect(process.version).toBe(`v${readFileSync('.node-version', 'utf8').trim()}`)
  })
})
