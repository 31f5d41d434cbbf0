import type { Visitor } from './browser.ts'

/** Finds the newest recording of a host, plays it until the marker is on the screen, and has it verified. */
export async function watchRecording({ page }: Visitor, host: string, marker: string): Promise<void> {
  await page.getByRole('link', { name: 'Recordings', exact: true }).first().click()
  await page
    .getByRole('link', { name: `Play ${host}` })
    .first()
    .click()
  await page.getByRole('button', { name: 'Play', exact: true }).click()
  await page.getByText(marker).first().waitFor()
}
