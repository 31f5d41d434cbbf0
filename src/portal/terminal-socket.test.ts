import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type PortalStage, setPortalStage } from '../../test/fixtures/portal-stage.ts'
import type { Visitor } from '../../test/fixtures/portal-visitor.ts'
import { startSshd, type TestSshd } from '../../test/fixtures/sshd.ts'
import { closeCodes, TERMINAL_PROTOCOL } from './contract/terminal.ts'

let sshd: TestSshd
let stage: PortalStage
let ada: Visitor
let tickets: string

beforeAll(async () => {
  sshd = await startSshd()
})
beforeEach(async () => {
  stage = await setPortalStage(sshd)
  ada = await stage.visitor('ada', ['engineer'])
  tickets = `/api/v1/connections/${await stage.gateway.addConnection()}/tickets`
})
afterEach(() => stage.close())
afterAll(() => sshd.stop())

test('a ticket opens one shell, and what is typed comes back', async () => {
  const terminal = ada.socket(await ada.ticket(tickets))
  terminal.start()
  await terminal.heard('connected')
  terminal.type('echo $((6 * 7))-answers\n')
  await terminal.shows('42-answers')
  terminal.send(JSON.stringify({ type: 'close' }))
  expect(await terminal.closed).toBe(closeCodes['closed-by-person'])
  expect(await terminal.heard('ended')).toMatchObject({ reason: 'closed-by-person' })
})

test('a used ticket opens nothing', async () => {
  const ticket = await ada.ticket(tickets)
  const first = ada.socket(ticket)
  first.start()
  await first.heard('connected')
  const second = ada.socket(ticket)
  second.start()
  expect(await second.closed).toBe(closeCodes['bad-ticket'])
  expect(await second.heard('refused')).toMatchObject({ problem: { code: 'TICKET_INVALID' } })
  expect(second.text()).toBe('')
})

test('two sockets at once with one ticket: one of them is refused', async () => {
  const ticket = await ada.ticket(tickets)
  const both = [ada.socket(ticket), ada.socket(ticket)]
  for (const one of both) one.start()
  const outcomes = await Promise.all(
    both.map((one) =>
      Promise.race([one.heard('connected').then(() => 'connected'), one.heard('refused').then(() => 'refused')]),
    ),
  )
  expect(outcomes.sort()).toEqual(['connected', 'refused'])
})

test("another web session's ticket opens nothing, and is used up", async () => {
  const ticket = await ada.ticket(tickets)
  const bob = await stage.visitor('bob', ['engineer'])
  const stolen = bob.socket(ticket)
  stolen.start()
  expect(await stolen.closed).toBe(closeCodes['bad-ticket'])
  const late = ada.socket(ticket)
  late.start()
  expect(await late.closed).toBe(closeCodes['bad-ticket'])
  // The same person in another browser is another web session.
  const elsewhere = (await stage.visitor('ada', ['engineer'])).socket(await ada.ticket(tickets))
  expect(await elsewhere.closed).toBe(closeCodes['bad-ticket'])
})

test('after thirty seconds a ticket is worth nothing', async () => {
  const ticket = await ada.ticket(tickets)
  stage.later(30_001)
  expect(await ada.socket(ticket).closed).toBe(closeCodes['bad-ticket'])
})

test.each([
  ['another origin', { origin: 'https://evil.example' }, 403],
  ['our host on another port', { origin: 'http://127.0.0.1:1' }, 403],
  ['no origin at all', { origin: null }, 403],
  ['no cookie', { cookie: null }, 401],
  ['another protocol', { protocol: 'enchilada.terminal.v0' }, 400],
] as const)('from %s nothing is opened, and the ticket is not used', async (_, headers, status) => {
  const ticket = await ada.ticket(tickets)
  expect(await ada.socket(ticket, headers).closed).toBe(status)
  const own = ada.socket(ticket)
  own.start()
  await own.heard('connected')
})

test.each([
  ['text that is no JSON', '{'],
  ['a word that is not in the contract', '{"type":"exec","command":"id"}'],
  ['a size that no screen has', '{"type":"start","cols":100000,"rows":24}'],
  ['a second start', '{"type":"start","cols":80,"rows":24}'],
])('%s ends the socket, not the portal', async (_, message) => {
  const terminal = ada.socket(await ada.ticket(tickets))
  if (message.includes('rows":24}') && !message.includes('100000')) terminal.start()
  terminal.send(message)
  expect(await terminal.closed).toBe(closeCodes['bad-message'])
  expect((await ada.get('/healthz')).status).toBe(200)
})

test('a message over 256 KB closes the socket', async () => {
  const terminal = ada.socket(await ada.ticket(tickets))
  terminal.start()
  await terminal.heard('connected')
  terminal.send(Buffer.alloc(257 * 1024, 'x'))
  // RFC 6455, 7.4.1: too big.
  expect(await terminal.closed).toBe(1009)
})

test('what a refused socket still says harms nobody', async () => {
  const url = new URL('/api/v1/terminal?ticket=none', stage.origin.replace('http', 'ws'))
  const refused = new WebSocket(url, TERMINAL_PROTOCOL, { headers: { cookie: ada.cookie, origin: stage.origin } })
  // At once: it has not heard yet that it is refused.
  refused.once('open', () => refused.send(Buffer.alloc(257 * 1024, 'x')))
  const [code] = await once(refused, 'close')
  expect(code).toBe(closeCodes['bad-ticket'])
  expect((await ada.get('/api/v1/me')).status).toBe(200)
})

test('what may be watched and what may be resumed are two tickets', async () => {
  const shell = ada.socket(await ada.ticket(tickets))
  shell.start()
  const { sessionId } = await shell.heard('connected')
  const audrey = await stage.visitor('audrey', ['auditor'])
  const path = `/api/v1/sessions/${sessionId}/tickets`
  const watching = audrey.socket(await audrey.ticket(path, { purpose: 'watch' }))
  watching.start()
  expect(await watching.heard('connected')).toMatchObject({ readOnly: true })
  watching.type('touch /tmp/enchilada-should-not-be-there\n')
  shell.type('echo seen-by-$((1 + 1))\n')
  await watching.shows('seen-by-2')
  expect(watching.text()).not.toContain('should-not-be-there')
  const resume = await audrey.post(path, { purpose: 'resume' })
  expect([resume.status, (await resume.json())['code']]).toEqual([403, 'NOT_YOUR_SESSION'])
})

test('a lost network leads back to the same shell', async () => {
  const shell = ada.socket(await ada.ticket(tickets))
  shell.start()
  const { sessionId } = await shell.heard('connected')
  shell.type('WHERE=here-$((2 * 4))\n')
  await shell.shows('WHERE=')
  shell.drop()
  await shell.closed
  const back = ada.socket(await ada.ticket(`/api/v1/sessions/${sessionId}/tickets`, { purpose: 'resume' }))
  back.start()
  await back.heard('connected')
  back.type('echo $WHERE\n')
  await back.shows('here-8')
})

test('tickets, cookies and what is typed are in no line of the log', async () => {
  const ticket = await ada.ticket(tickets)
  const shell = ada.socket(ticket)
  shell.start()
  await shell.heard('connected')
  shell.type('echo typed-$((3 * 5))\n')
  await shell.shows('typed-15')
  const told = stage.log.join('')
  expect(told).toContain('/api/v1/terminal')
  for (const secret of [ticket, ada.cookie.split('=')[1] ?? 'none', 'typed-']) expect(told).not.toContain(secret)
})
