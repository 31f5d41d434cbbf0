import { expect, test } from 'vitest'
import { cableOf, gatewayOf, overlap } from './networks.ts'

test('a subnet is routed by its first address', () => {
  expect(gatewayOf('10.3.16.0/20')).toBe('10.3.16.1')
  expect(gatewayOf('192.168.255.128/25')).toBe('192.168.255.129')
})

test('networks overlap when one lies in the other, and not when they touch', () => {
  expect(overlap('10.0.0.0/16', '10.0.128.0/20')).toBe(true)
  expect(overlap('10.0.128.0/20', '10.0.0.0/16')).toBe(true)
  expect(overlap('10.0.0.0/16', '10.1.0.0/16')).toBe(false)
})

test('each cable has four addresses of its own', () => {
  expect(cableOf(0)).toEqual({ world: '100.64.0.1', vpc: '100.64.0.2' })
  expect(cableOf(64)).toEqual({ world: '100.64.1.1', vpc: '100.64.1.2' })
})
