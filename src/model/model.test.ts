import { expect, test } from 'vitest'
import { connectionId } from './connection.ts'
import { formatScope, parseScope, partitionOf, type Scope } from './scope.ts'

const scope: Scope = { tenant: 'acme', partition: 'aws', account: '111122223333', region: 'eu-west-1' }

test('a scope is written and read back', () => {
  expect(formatScope(scope)).toBe('acme/aws/111122223333/eu-west-1')
  expect(parseScope(formatScope(scope))).toEqual(scope)
  expect(() => parseScope('acme/aws/1/eu-west-1')).toThrow()
})

test('regions belong to partitions', () => {
  expect(['eu-west-1', 'cn-north-1', 'us-gov-east-1'].map(partitionOf)).toEqual(['aws', 'aws-cn', 'aws-us-gov'])
})

test('a connection is bound to the instance, protocol and port, and to nothing else', () => {
  const id = connectionId(scope, 'i-0123456789abcdef0', 'ssh', 22)
  expect(id).toMatch(/^[0-9a-f]{20}$/)
  expect(connectionId(scope, 'i-0123456789abcdef0', 'ssh', 22)).toBe(id)
  const others = [
    connectionId({ ...scope, tenant: 'other' }, 'i-0123456789abcdef0', 'ssh', 22),
    connectionId({ ...scope, region: 'us-east-1' }, 'i-0123456789abcdef0', 'ssh', 22),
    connectionId(scope, 'i-0123456789abcdef1', 'ssh', 22),
    connectionId(scope, 'i-0123456789abcdef0', 'rdp', 22),
    connectionId(scope, 'i-0123456789abcdef0', 'ssh', 2222),
  ]
  expect(new Set([id, ...others]).size).toBe(6)
})
