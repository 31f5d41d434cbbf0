import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { mountSmallDisk } from '../fixtures/small-disk.ts'
import { type Name, openBrowser, signIn, type Visit, visit } from './browser.ts'
import { accounts, HOST, regions } from './fleet.ts'
import { walkTo } from './keyboard.ts'
import { lookAtPages } from './look-at-pages.ts'
import { connect, leaveRecording, typeLine, unkindName } from './pages.ts'
import { INSTANCES, openWorld, type World } from './world.ts'

/** The built product in Chromium, with 5,000 instances and a host that is real. `script/prove pages` looks at every page. */
vi.setConfig({ testTimeout: 90_000 })

const mounted = mountSmallDisk(24 * 1024 * 1024)
const disk = typeof mounted === 'string' ? undefined : mounted
if (typeof mounted === 'string') console.log(`recordings lie on the common disk, ${mounted}`)

let world: World
let browser: Browser
const visits: Visit[] = []

beforeAll(async () => {
  ;[world, browser] = await Promise.all([
    openWorld(INSTANCES, disk ? { recordings: { directory: join(disk.folder, 'recordings') } } : {}),
    openBrowser(),
  ])
}, 180_000)
afterEach(async () => {
  const complaints = visits.flatMap((one) => one.complaints)
  for (const { close } of visits.splice(0)) await close()
  expect(complaints).toEqual([])
})
afterAll(async () => {
  await browser?.close()
  await world?.close()
  disk?.remove()
})

async function enter(name: Name): Promise<Visit> {
  const visited = await visit(browser, world)
  visits.push(visited)
  await signIn(world, visited, name)
  return visited
}

const connected = (page: Page) => page.getByText('Connected', { exact: true }).waitFor()

test('axe finds nothing on the list of thousands in the light, nor on a session in the dark', async () => {
  for (const [dark, page] of [
    [false, 'instances'],
    [true, 'session'],
  ] as const) {
    for await (const { violations, complaints, error } of lookAtPages(world, browser, { dark }, { only: [page] })) {
      expect({ page, violations, complaints, error }).toEqual({
        page,
        violations: [],
        complaints: [],
        error: undefined,
      })
    }
  }
})

test('by keyboard alone: sign in, find, connect, type, leave the terminal, end', async () => {
  const visited = await visit(browser, world)
  visits.push(visited)
  const { page } = visited
  world.provider.signsIn({
    sub: 'ada',
    claims: { email: 'ada@example.com', groups: ['engineer'] },
    amr: ['pwd', 'otp', 'mfa'],
  })
  await page.goto('/')
  await page.getByRole('link', { name: 'Sign in' }).waitFor()
  await walkTo(page, 'Tab', 'Sign in')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: /^Instances/ }).waitFor()

  await page.keyboard.press('/')
  await page.keyboard.type(HOST)
  await page.getByRole('button', { name: 'Connect to batch-001' }).waitFor({ state: 'detached' })
  await page.keyboard.press('Enter')
  await page.keyboard.press('Escape')
  // The table is one stop of Tab; inside it the arrows walk.
  await walkTo(page, 'Tab', 'Instances')
  await page.keyboard.press('Tab')
  await page.keyboard.press('ArrowDown')
  await walkTo(page, 'ArrowRight', `Connect to ${HOST}`)
  await page.keyboard.press('Enter')

  await connected(page)
  await page.keyboard.type('echo by-$((40 + 2))-keys\n')
  await page.getByText('by-42-keys').first().waitFor()
  // Tab and Escape belong to the shell.
  await page.keyboard.press('Tab')
  await page.keyboard.press('Escape')
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toMatch(
    /Control Shift X leaves/,
  )
  await page.keyboard.press('Control+Shift+X')
  await walkTo(page, 'Tab', 'Keyboard shortcuts')
  await page.keyboard.press('Enter')
  await page.getByText('leave the terminal').waitFor()
  await page.keyboard.press('Escape')
  await walkTo(page, 'Tab', 'End session')
  await page.keyboard.press('Enter')
  await page.getByText('You closed the session.').waitFor()
})

test('search, copy, paste and size of the text', async () => {
  const { page } = await enter('ada')
  await connect(page, HOST)
  await connected(page)
  await typeLine(page, 'echo find-$((100 + 23))-me')
  await page.getByText('find-123-me').first().waitFor()
  await page.keyboard.press('Control+Shift+F')
  await page.keyboard.type('find-123-me')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Control+Shift+C')
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe('find-123-me')
  await page.evaluate(() => navigator.clipboard.writeText('echo pasted-$((1 + 2))'))
  await page.keyboard.press('Control+Shift+V')
  await page.getByText('echo pasted-').first().waitFor()
  await page.keyboard.press('Enter')
  await page.getByText('pasted-3').first().waitFor()
  await page.keyboard.type("printf '\\033[38;2;255;128;0morange\\033[0m\\n'; echo shown-$((7 * 7))\n")
  await page.getByText('shown-49').first().waitFor()
  const colours = await page
    .locator('.xterm-rows span', { hasText: /^orange$/ })
    .evaluateAll((spans) => spans.map((span) => getComputedStyle(span).color))
  expect(colours).toContain('rgb(255, 128, 0)')
  const columns = () => page.evaluate(() => document.querySelector('.xterm-rows > div')?.clientHeight ?? 0)
  const before = await columns()
  for (let n = 0; n < 4; n += 1) await page.getByRole('button', { name: 'Larger text' }).click()
  expect(await columns()).toBeGreaterThan(before)
  await page.getByRole('button', { name: 'Full screen' }).click()
  await page.waitForFunction(() => document.fullscreenElement !== null)
  await page.getByRole('button', { name: 'End session' }).click()
  await page.getByText('You closed the session.').waitFor()
})

test('an instance that starts appears in the open page, and goes when it ends', async () => {
  const { page } = await enter('ada')
  await page.getByLabel('Search instances').fill('newcomer')
  await page.getByText('No matches').waitFor()
  await page.evaluate(() => Object.assign(window, { stayed: true }))
  const launched = world.cloud.launch(accounts[1].id, regions[1], {
    tags: { Name: 'newcomer', environment: 'staging' },
  })
  world.standIn.queue.send(stateChange(launched.id, 'running'))
  await page.getByRole('button', { name: 'Connect to newcomer' }).waitFor()
  world.cloud.terminate(launched.id)
  world.standIn.queue.send(stateChange(launched.id, 'terminated'))
  await page.getByRole('button', { name: 'Connect to newcomer' }).waitFor({ state: 'detached' })
  expect(await page.evaluate(() => 'stayed' in window)).toBe(true)
})

const stateChange = (id: string, state: string) =>
  JSON.stringify({
    version: '0',
    id: crypto.randomUUID(),
    'detail-type': 'EC2 Instance State-change Notification',
    source: 'aws.ec2',
    account: accounts[1].id,
    time: new Date().toISOString(),
    region: regions[1],
    resources: [`arn:aws:ec2:${regions[1]}:${accounts[1].id}:instance/${id}`],
    detail: { 'instance-id': id, state },
  })

test('after a lost network the page comes back to the same shell', async () => {
  const visited = await enter('ada')
  const { page } = visited
  const sockets: { close(): Promise<void> }[] = []
  await page.routeWebSocket(/\/api\/v1\/terminal/, (socket) => {
    socket.connectToServer()
    sockets.push(socket)
  })
  await connect(page, HOST)
  await connected(page)
  await typeLine(page, 'KEPT=kept-$((3 + 4)); clear')
  await sockets.at(-1)?.close()
  await page.getByText(/Connection lost/).waitFor()
  await connected(page)
  await typeLine(page, 'echo $KEPT')
  await page.getByText('kept-7').first().waitFor()
  expect(sockets).toHaveLength(2)
})

test('an operator sees the session begin, watches it and ends it; the person is told', async () => {
  const [ada, olga] = [await enter('ada'), await enter('olga')]
  await olga.page.goto('/sessions')
  await olga.page.getByRole('heading', { name: /^Live sessions/ }).waitFor()
  await connect(ada.page, HOST)
  await connected(ada.page)
  const watch = olga.page.getByRole('button', { name: `Watch ada@example.com on ${HOST}` }).first()
  await watch.click()
  await olga.page.getByText('Read-only').waitFor()
  await typeLine(ada.page, 'echo watched-$((5 + 6))')
  await olga.page.getByText('watched-11').first().waitFor()
  await olga.page.goto('/sessions')
  await olga.page
    .getByRole('button', { name: `End the session of ada@example.com on ${HOST}` })
    .first()
    .click()
  await olga.page.getByRole('button', { name: 'End session' }).click()
  await ada.page.getByText('An operator ended the session.').waitFor()
})

test('a recording is found by its text, and plays from there', async () => {
  const { page } = await enter('root')
  await leaveRecording(page)
  await page.goto('/recordings')
  const play = page.getByRole('link', { name: `Play ${HOST}` })
  await play.first().click()
  await page.getByLabel('Search the text of this recording').fill('sshd_config')
  await page.keyboard.press('Enter')
  const places = page.getByRole('button', { name: /sshd_config/ })
  await places.first().click()
  const terminal = page.getByRole('region', { name: 'Recorded terminal' })
  await terminal.getByText('sshd_config').first().waitFor()
  // It was recorded without the list of pages beside it: wider than the room here.
  expect(await terminal.evaluate((it) => it.scrollWidth - it.clientWidth)).toBe(0)
  await page.getByRole('button', { name: 'Verify' }).click()
  await page.getByText('Verified').waitFor()
})

test('a name that is unkind is harmless, and so are its tags', async () => {
  const { page } = await enter('ada')
  await page.goto('/?q=evil')
  await page.getByRole('button', { name: `Connect to ${unkindName}` }).waitFor()
  expect(await page.locator('img').count()).toBe(0)
  expect(await page.getByRole('main').innerText()).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/)
})

test.skipIf(!disk)(
  'a full disk under the recorder ends the session, and lets none begin: the page says why',
  async () => {
    const { page } = await enter('root')
    await connect(page, HOST)
    await connected(page)
    await typeLine(page, 'echo kept-$((60 + 6))')
    await page.getByText('kept-66').first().waitFor()
    disk?.fill()
    try {
      await typeLine(page, 'head -c 900000 /dev/urandom | base64')
      await page.getByText('The session could not be recorded any more.').waitFor()
      await page.getByText('Reason: recording failed.').waitFor()
      await page.getByRole('button', { name: 'Connect again' }).click()
      await page.getByText('RECORDING_UNAVAILABLE').waitFor()
      await page.getByText(/ENOSPC/).waitFor()
    } finally {
      disk?.free()
    }
    const trail = await page.request.get('/api/v1/audit?kind=session&limit=20')
    const { items } = await trail.json()
    // What the tests before left behind to wait for its browser ends on this disk too, by itself and when it likes.
    const ours = items.filter(({ data }: { data: { person?: string } }) => data.person === 'root@example.com')
    expect(ours.slice(0, 2)).toMatchObject([
      { kind: 'session.refused', data: { code: 'RECORDING_UNAVAILABLE' } },
      { kind: 'session.disconnected', data: { reason: 'recording-failed' } },
    ])
    await page.getByRole('button', { name: 'Try again' }).click()
    await connected(page)
    await page.getByRole('button', { name: 'End session' }).click()
    await page.getByText('You closed the session.').waitFor()
  },
)

test('signing out ends the web session, and its shell', async () => {
  const { page, context } = await enter('ada')
  await connect(page, HOST)
  await connected(page)
  const other = await context.newPage()
  await other.goto('/')
  await other.getByRole('button', { name: 'Account of ada@example.com' }).click()
  await other.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByText('Your access ended.').waitFor()
  await other.goto('/')
  await other.getByRole('link', { name: 'Sign in' }).waitFor()
})
