import type { Page } from 'playwright-core'
import type { Visitor } from './browser.ts'

const ROW_WITHIN_MS = 30_000

const connectTo = (page: Page, host: string) =>
  page.getByRole('link', { name: `Connect to ${host}` }).or(page.getByRole('button', { name: `Connect to ${host}` }))

export const seesHost = ({ page }: Visitor, host: string): Promise<void> =>
  connectTo(page, host).first().waitFor({ timeout: ROW_WITHIN_MS })

export const seesHostGone = ({ page }: Visitor, host: string): Promise<void> =>
  connectTo(page, host).first().waitFor({ state: 'detached', timeout: ROW_WITHIN_MS })

/** Opens a shell on the host; gives the page it opened in. */
export async function connect({ page, context }: Visitor, host: string): Promise<Page> {
  const opened = context.waitForEvent('page', { timeout: 5_000 }).catch(() => page)
  await connectTo(page, host).first().click()
  const shell = page.url().includes('/connect/') ? page : await opened
  await shell.getByRole('region', { name: 'Terminal' }).waitFor()
  await shell.getByText('Connected', { exact: true }).waitFor()
  return shell
}

/** Types one command line, with the keyboard. */
export async function typeCommand(shell: Page, command: string): Promise<void> {
  await shell.getByRole('region', { name: 'Terminal' }).click()
  await shell.keyboard.type(command)
  await shell.keyboard.press('Enter')
}

export async function endSession(shell: Page): Promise<void> {
  await shell.getByRole('button', { name: 'End session' }).click()
}
