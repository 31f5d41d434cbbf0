import { expect, test } from 'vitest'
import { connectionOf } from '../../test/fixtures/guacamole/connections.ts'
import type { Stranger } from '../catalogue/guacamole/guacamole.ts'
import { matchStrangers } from './match-strangers.ts'

const stranger = (id: string, more: Partial<Stranger>): Stranger => ({
  id,
  name: `by hand ${id}`,
  protocol: 'ssh',
  hostname: undefined,
  instanceId: undefined,
  ...more,
})

test('an instance id decides, else an address, and only where there is one answer', () => {
  const connections = [
    connectionOf({ n: 1 }),
    connectionOf({ n: 2 }),
    connectionOf({ n: 3 }),
    connectionOf({ n: 4, protocol: 'rdp' }),
    connectionOf({ n: 5 }),
    connectionOf({ n: 6, host: '10.0.0.7' }),
    connectionOf({ n: 7, host: '10.0.0.7' }),
  ]
  const [first, , , , held] = connections
  const matches = matchStrangers(
    [
      stranger('10', { instanceId: first?.instanceId ?? '', hostname: '10.0.0.2' }),
      stranger('11', { hostname: '10.0.0.2' }),
      stranger('12', { hostname: '10.0.0.3' }),
      stranger('13', { hostname: '10.0.0.3' }),
      stranger('14', { hostname: '10.0.0.4' }),
      stranger('15', { hostname: '10.0.0.5' }),
      stranger('16', { hostname: '10.0.0.7' }),
      stranger('17', { hostname: 'elsewhere' }),
    ],
    connections,
    new Set([held?.id ?? '']),
  )
  expect(matches.map(({ stranger: { id }, connection, by }) => [id, connection.name, by])).toEqual([
    ['10', 'host-1', 'instance id'],
    ['11', 'host-2', 'address'],
  ])
})
