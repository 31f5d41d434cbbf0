import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import * as z from 'zod'
import { describeApi } from './openapi.ts'
import { allRoutes } from './portal.ts'

const routes = allRoutes()
const documentSchema = z.looseObject({
  openapi: z.string(),
  paths: z.record(z.string(), z.record(z.string(), z.looseObject({ operationId: z.string() }))),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()) }),
})
let described: z.infer<typeof documentSchema>

beforeAll(() => {
  described = documentSchema.parse(describeApi(routes))
})

test('every route is described, once, and nothing else', () => {
  const told = Object.entries(described.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  )
  expect(told.sort()).toEqual(routes.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`).sort())
  const ids = Object.values(described.paths).flatMap((methods) => Object.values(methods).map((one) => one.operationId))
  expect(new Set(ids).size).toBe(ids.length)
})

test('every reference leads somewhere, and the messages of the terminal are there', () => {
  const names = Object.keys(described.components.schemas)
  const refs = [...JSON.stringify(described).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)]
  expect(refs.map(([, name]) => name).filter((name) => !names.includes(name ?? ''))).toEqual([])
  expect(names).toEqual(expect.arrayContaining(['Problem', 'Connection', 'TerminalFromBrowser', 'TerminalToBrowser']))
})

test('a validator that is not ours finds it valid', () => {
  const python = '.tools/venv/bin/python'
  expect(existsSync(python), 'script/bootstrap makes it').toBe(true)
  const check = 'import json, sys, openapi_spec_validator; openapi_spec_validator.validate(json.load(sys.stdin))'
  execFileSync(python, ['-c', check], { input: JSON.stringify(described) })
  const broken = { ...described, paths: { '/x/{id}': { get: { responses: { 200: {} } } } } }
  expect(() => execFileSync(python, ['-c', check], { input: JSON.stringify(broken), stdio: 'pipe' })).toThrow()
})
