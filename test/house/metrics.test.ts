import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { collectMetrics, METRICS, renderMetrics } from '../../script/reference.ts'

test('the reference page is what the code measures', async () => {
  expect(readFileSync(METRICS, 'utf8')).toBe(renderMetrics(await collectMetrics()))
})

test('no page names a metric that is not there', async () => {
  const { serve, ship } = await collectMetrics()
  const known = new Set([...serve, ...ship].map(({ name }) => name))
  const named = globSync('{docs/**,deploy,lab,.}/*.md').flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/`(enchilada_[a-z_]+)`/g)].map(([, name = '']) => ({ page, name })),
  )
  expect(named.map(({ name }) => name)).toContain('enchilada_policies_refused')
  expect(named.filter(({ name }) => !known.has(name))).toEqual([])
})
