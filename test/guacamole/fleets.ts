import type { Connection } from '../../src/model/connection.ts'
import { connectionOf, scopeOf } from '../fixtures/guacamole/connections.ts'

export const scope = scopeOf('111122223333')

/** What a pass that is cut short goes from and to: names exchanged, one moved, one ended, one new in a new group, readers changed. */
export const fleets: Readonly<Record<'before' | 'after', readonly Connection[]>> = {
  before: [
    connectionOf({ n: 1, name: 'web', tags: { readers: 'engineers' } }),
    connectionOf({ n: 2, name: 'db', tags: { readers: 'engineers operators' } }),
    connectionOf({ n: 3, name: 'old' }),
    connectionOf({ n: 4, name: 'same', group: ['Test'], tags: { readers: 'operators' } }),
  ],
  after: [
    connectionOf({ n: 1, name: 'db', tags: { readers: 'engineers operators' } }),
    connectionOf({ n: 2, name: 'web', host: '10.9.9.9', tags: { readers: 'operators' } }),
    connectionOf({ n: 4, name: 'same', group: ['Test', 'inner'], tags: { readers: 'operators' } }),
    connectionOf({ n: 5, name: 'new', group: ['New', 'deep'], tags: { readers: 'engineers' } }),
    connectionOf({ n: 6, name: 'web', group: ['New', 'deep'] }),
  ],
}

export const readersOf = ({ instance }: Connection): string[] =>
  (instance.tags['readers'] ?? '').split(' ').filter((one) => one !== '')
