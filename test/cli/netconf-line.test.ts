import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'

function netconf() {
  const child = spawn(process.execPath, ['src/cli/main.ts', 'netconf'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const answer = Promise.all([text(child.stdout), once(child, 'exit')])
  return { child, answer: answer.then(([said, [code]]) => ({ code, error: JSON.parse(said).error })) }
}

test('the privileged door answers the line it was given, while its caller holds stdin open', async () => {
  const { child, answer } = netconf()
  child.stdin.write('{"action":"up"}\n')
  expect(await answer).toMatchObject({ code: 1, error: { code: 'NETCONF_REFUSED' } })
})

test('and does nothing for nobody', async () => {
  const { child, answer } = netconf()
  child.stdin.end()
  expect(await answer).toMatchObject({ code: 1, error: { code: 'NETCONF_REFUSED' } })
})
