import { expect, test } from 'vitest'
import { checkChain } from './check-chain.ts'

test('after years of checkpoints a chain is still judged', async () => {
  const signed = new Map(Array.from({ length: 300_000 }, (_, at) => [at + 1, 'hash'] as const))
  const nothing = (async function* () {})()
  expect((await checkChain({ writer: 'node-1', lines: nothing, signed, where: 'node-1' })).fault).toMatchObject({
    code: 'tail-cut',
    seq: 1,
  })
})
