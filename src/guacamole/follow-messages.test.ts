import { expect, test } from 'vitest'
import { createFakeCatalogue } from '../../test/fixtures/fake-catalogue.ts'
import { scopeOf } from '../../test/fixtures/guacamole/connections.ts'
import { builtInCatalogue } from '../catalogue/built-in.ts'
import { guacamoleErrors } from '../catalogue/guacamole/errors.ts'
import { silentLog } from '../kernel/log.ts'
import { formatScope } from '../model/scope.ts'
import { openSqlite } from '../store/sqlite.ts'
import { createStep } from './bring-in-step.ts'
import { followMessages } from './follow-messages.ts'
import { writeScopeMessage } from './scope-message.ts'

test('the message of a scope whose sessions go on comes again, and the next one is not held up', async () => {
  const store = await openSqlite(':memory:')
  const target = createFakeCatalogue()
  const bringInStep = createStep({
    ...{ store, target, log: silentLog },
    builtIn: builtInCatalogue(() => ({ tags: [], persons: [] })),
  })
  const scopes = [scopeOf('111122223333'), scopeOf('444455556666')].map(formatScope)
  const messages = scopes.map((scope, n) => ({ id: `${n}`, body: writeScopeMessage(scope) }))
  const deps = { bringInStep, log: silentLog, signal: new AbortController().signal }
  target.again = guacamoleErrors.GUACAMOLE_SESSIONS_OPEN({ count: 1, reason: 'a node is away' })
  expect(await followMessages(messages, deps)).toEqual(['0', '1'])
  expect(target.passes).toEqual(scopes)
  target.again = undefined
  expect(await followMessages(messages, deps)).toEqual([])
  await store.close()
})
