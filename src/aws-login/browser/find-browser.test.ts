import { expect, test } from 'vitest'
import { browserNames, findBrowser, placesOf } from './find-browser.ts'

const on = (platform: NodeJS.Platform, env: Record<string, string>, there: readonly string[] = []) => ({
  platform,
  env,
  isProgram: (path: string) => there.includes(path),
})

test('where browsers are on three systems', () => {
  expect(
    placesOf(['chrome', 'edge'], on('win32', { PROGRAMFILES: 'C:\\Program Files', LOCALAPPDATA: 'C:\\U\\L' })),
  ).toEqual([
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\U\\L\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\Program Files\\Microsoft\\Edge\\Application\\msedge.exe',
    'C:\\U\\L\\Microsoft\\Edge\\Application\\msedge.exe',
  ])
  expect(placesOf(['edge'], on('darwin', { HOME: '/Users/ada' }))).toEqual([
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
    '/Users/ada/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ])
  expect(placesOf(['chromium'], on('linux', { PATH: '/usr/bin:/snap/bin' }))).toEqual([
    '/usr/bin/chromium',
    '/snap/bin/chromium',
    '/usr/bin/chromium-browser',
    '/snap/bin/chromium-browser',
  ])
})

test('the first there is, one by name, one by path; and a code when there is none', () => {
  const machine = on('linux', { PATH: '/usr/bin' }, ['/usr/bin/chromium', '/usr/bin/microsoft-edge', '/opt/mine'])
  expect(findBrowser(undefined, machine)).toBe('/usr/bin/microsoft-edge')
  expect(findBrowser('chromium', machine)).toBe('/usr/bin/chromium')
  expect(findBrowser('/opt/mine', machine)).toBe('/opt/mine')
  for (const wanted of [...browserNames.slice(0, 1), '/opt/other']) {
    expect(() => findBrowser(wanted, machine)).toThrow(expect.objectContaining({ code: 'LOGIN_BROWSER_NOT_FOUND' }))
  }
})
