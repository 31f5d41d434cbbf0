import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { collectErrors, ERRORS, renderErrors } from '../../script/reference.ts'
import { listSources, readSource } from './ladder.ts'

const root = process.cwd()

test('the reference page is what the code says', async () => {
  expect(readFileSync(ERRORS, 'utf8')).toBe(renderErrors(await collectErrors()))
})

test('every code is unique, used, and tells what to do next', async () => {
  const entries = await collectErrors()
  const codes = entries.map((entry) => entry.code)
  expect(codes).toEqual([...new Set(codes)])
  expect(entries.filter((entry) => entry.hint.length < 20).map((entry) => entry.code)).toEqual([])
  const source = listSources(root, ['src'])
    .filter((file) => !file.endsWith('/errors.ts') && !file.endsWith('.test.ts'))
    .map((file) => readSource(root, file))
    .join('\n')
  expect(codes.filter((code) => !new RegExp(`\\b${code}\\b`).test(source))).toEqual([])
})
