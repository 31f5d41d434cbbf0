import type { Page } from 'playwright-core'
import type { Name } from './browser.ts'
import { CHANGED, DOWN, HOST, UNKIND } from './fleet.ts'

/** A page as somebody sees it: how to get there, signed in as `who`, and what is there when it is complete. */
export type PageUnderTest = {
  name: string
  who?: Name
  open(page: Page): Promise<void>
  /** Tab belongs to what it shows. */
  holdsKeyboard?: true
}

/** A table that can be walked by the keyboard is a grid. */
const table = (page: Page, name: string) =>
  page.getByRole('table', { name }).or(page.getByRole('grid', { name })).getByRole('row').nth(2).waitFor()

/** Searches the list and opens a session on what is found first. */
export async function connect(page: Page, host: string): Promise<void> {
  await page.goto('/')
  await page.getByLabel('Search instances').fill(host)
  await page.getByRole('button', { name: `Connect to ${host}` }).click()
}

async function openShell(page: Page): Promise<void> {
  await connect(page, HOST)
  await page.getByText('Connected', { exact: true }).waitFor()
}

/** Opens, types and ends a session, so that there is a recording. */
export async function leaveRecording(page: Page): Promise<void> {
  await openShell(page)
  await typeLine(page, "PS1='[ec2-user@checkout-api-blue ~]$ '; clear")
  await typeLine(page, 'uname -sr; ls /etc/ssh')
  await page.getByText('sshd_config').first().waitFor()
  await page.getByRole('button', { name: 'End session' }).click()
  await page.getByText('You closed the session.').waitFor()
}

export async function typeLine(page: Page, line: string): Promise<void> {
  await page.getByRole('textbox', { name: /^Terminal input/ }).focus()
  await page.keyboard.type(`${line}\n`)
}

const refused = (host: string, code: string) => async (page: Page) => {
  await connect(page, host)
  await page.getByText(code).waitFor()
}

const hostKeysOf = async (page: Page) => {
  await page.goto('/')
  await page.getByLabel('Search instances').fill(HOST)
  await page.getByRole('link', { name: `Host keys of ${HOST}` }).click()
  await page.getByRole('table', { name: 'Pinned host keys' }).getByText('console output').first().waitFor()
}

/** Every page of the portal. Those that show a session or a recording come after `leaveRecording`. */
export const pages: readonly PageUnderTest[] = [
  {
    name: 'signed-out',
    open: (page) => page.goto('/').then(() => page.getByRole('link', { name: 'Sign in' }).waitFor()),
  },
  {
    name: 'sign-in-failed',
    open: (page) =>
      page.goto('/sign-in/callback?state=x&code=y').then(() => page.getByText('SIGN_IN_EXPIRED').waitFor()),
  },
  {
    name: 'instances',
    who: 'root',
    async open(page) {
      await page.goto('/')
      await table(page, 'Instances')
    },
  },
  {
    name: 'instances-filtered',
    who: 'root',
    async open(page) {
      await page.goto('/?account=111122223333&state=running&tag=team%3Dcheckout&q=evil')
      await page.getByText('onerror=alert(1)').first().waitFor()
    },
  },
  {
    name: 'instances-none',
    who: 'root',
    open: (page) => page.goto('/?q=nowhere').then(() => page.getByText('No matches').waitFor()),
  },
  { name: 'session', who: 'ada', open: openShell, holdsKeyboard: true },
  { name: 'host-down', who: 'ada', open: refused(DOWN, 'TARGET_UNREACHABLE') },
  { name: 'host-key-changed', who: 'root', open: refused(CHANGED, 'HOST_KEY_CHANGED') },
  {
    name: 'sessions',
    who: 'root',
    async open(page) {
      await page.goto('/sessions')
      await page.getByRole('heading', { name: 'Live sessions' }).waitFor()
    },
  },
  {
    name: 'recordings',
    who: 'root',
    async open(page) {
      await page.goto('/recordings')
      await page.getByRole('link', { name: /^Play/ }).first().waitFor()
    },
  },
  {
    name: 'recording',
    who: 'root',
    async open(page) {
      await page.goto('/recordings')
      await page.getByRole('row').filter({ hasText: 'sealed' }).getByRole('link', { name: /^Play/ }).first().click()
      await page.getByRole('button', { name: 'Play', exact: true }).click()
      await page.getByText('sshd_config').first().waitFor()
    },
  },
  {
    name: 'audit',
    who: 'root',
    async open(page) {
      await page.goto('/audit')
      await verifyUntilSigned(page)
      await table(page, 'Audit records')
    },
  },
  {
    name: 'audit-record',
    who: 'root',
    holdsKeyboard: true,
    async open(page) {
      await page.goto('/audit?')
      await page
        .getByRole('button', { name: /^Details/ })
        .first()
        .click()
      await page.getByRole('region', { name: 'The record as JSON' }).waitFor()
    },
  },
  {
    name: 'status',
    who: 'root',
    async open(page) {
      await page.goto('/status')
      await table(page, 'Accounts and regions')
    },
  },
  { name: 'host-keys', who: 'root', open: hostKeysOf },
  {
    name: 'denied',
    who: 'ada',
    async open(page) {
      await page.goto('/audit')
      await page.getByText('ACCESS_DENIED').waitFor()
    },
  },
]

/** A trail that has just begun has no checkpoint yet: it is verified again until one is there. */
async function verifyUntilSigned(page: Page): Promise<void> {
  const signed = page.getByText(/checked\. Signed until/)
  for (let tries = 0; tries < 20; tries += 1) {
    await page.getByRole('button', { name: 'Verify' }).click()
    const seen = await signed.waitFor({ timeout: 2_000 }).then(
      () => true,
      () => false,
    )
    if (seen) return
  }
  throw new Error('no checkpoint was signed')
}

export const unkindName = [...UNKIND.replace(/[\u202e\u202c]/g, '').replace(/\s+/g, ' ')].slice(0, 128).join('').trim()
