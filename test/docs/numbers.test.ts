import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { NUMBERS, renderNumbers } from '../../script/numbers.ts'
import { type Proof, readProofs } from '../../script/proof.ts'

const proof = (name: string, result: Proof['result']): Proof => ({
  name,
  command: `script/bench ${name}`,
  at: '2026-11-24T20:15:00.000Z',
  commit: '0123456789',
  machine: { cpu: 'A CPU', cores: 2, memoryGB: 24, kernel: '6.1', node: 'v24.1.0' },
  load: [0.5, 1.25],
  result,
})

describe('the page of numbers', () => {
  test('is what the kept results give: run node script/numbers.ts', () => {
    expect(readFileSync(NUMBERS, 'utf8')).toBe(renderNumbers(readProofs()))
  })

  test('was taken from commits, not from a changed tree', () => {
    expect(readProofs().filter((one) => !/^[0-9a-f]{10,}$/.test(one.commit))).toEqual([])
  })

  test('shows a missed goal, and why a peer is not there', () => {
    const page = renderNumbers([
      proof('speed', [
        { name: 'a', unit: 'ms', value: 0.00003, peer: 'b', peerValue: 150_000, ratio: 2, goal: '≤ 1 s', ok: false },
        {
          name: 'c',
          unit: 'MB',
          value: 4,
          peer: null,
          peerValue: null,
          ratio: null,
          goal: null,
          ok: null,
          why: 'no peer',
        },
      ]),
      proof('truth', { name: 'truth', seed: 7, cases: 10, failed: 0, crashes: 3 }),
    ])
    expect(page).toContain('| a | 0.00003 ms | b: 150000 | 2 | ≤ 1 s, **missed** |')
    expect(page).toContain('| c | 4 MB | no peer |  |  |')
    expect(page).toContain('- **truth**: 10 cases, 0 failed, seed 7; crashes 3.')
    expect(page).toContain(
      'at commit 0123456789, 2026-11-24 20:15 UTC; 2 × A CPU, 24 GB, Node 24.1.0; load 0.5 before and 1.3 after.',
    )
  })
})
