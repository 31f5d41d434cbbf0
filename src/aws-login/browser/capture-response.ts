import type { Protocol } from 'devtools-protocol'
import type { Clock } from '../../kernel/clock.ts'
import { hasCode, reasonOf } from '../../kernel/errors.ts'
import { Secret } from '../../kernel/secret.ts'
import { loginErrors } from '../errors.ts'
import { isSignInAddress, signInPatterns } from '../sign-in-address.ts'
import type { DevTools } from './devtools-pipe.ts'
import { type StartedBrowser, startBrowser } from './start-browser.ts'

export type Visit = {
  program: string
  profile: string
  url: string
  timeoutMs: number
  /** Nobody looks: only a person whom the provider still knows gets through. */
  headless: boolean
  clock: Clock
}

/**
 * Opens the provider's page in a browser and waits for the form that it posts to AWS. The request is stopped before it leaves the
 * browser and answered there; no page is read or filled in.
 */
export async function captureResponse(visit: Visit): Promise<Secret> {
  const browser = startBrowser(visit.program, visit)
  const timer = new AbortController()
  try {
    return await Promise.race([
      captured(browser, visit.url),
      visit.clock.sleep(visit.timeoutMs, timer.signal).then(() => {
        throw loginErrors.LOGIN_TIMED_OUT({ seconds: Math.round(visit.timeoutMs / 1000) })
      }),
    ])
  } finally {
    timer.abort()
    await browser.close()
  }
}

function captured({ devTools, ended }: StartedBrowser, url: string): Promise<Secret> {
  return new Promise((resolve, reject) => {
    const pages = new Set<string>()
    let opened = false
    const fail = (error: unknown) => reject(error)
    void ended.then((reason) =>
      fail(opened ? loginErrors.LOGIN_BROWSER_CLOSED() : loginErrors.LOGIN_BROWSER_BUSY({ reason })),
    )
    devTools.on('Fetch.requestPaused', (paused, sessionId) => {
      settle(devTools, paused, sessionId).then((response) => response && resolve(response), fail)
    })
    devTools.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
      const first = targetInfo.type === 'page' && !opened
      if (targetInfo.type === 'page') {
        pages.add(sessionId)
        opened = true
      }
      void watch(devTools, sessionId)
        .then(() => (first ? open(devTools, sessionId, url) : undefined))
        .catch((error) => hasCode(error, loginErrors.LOGIN_PAGE_UNREACHABLE) && fail(error))
    })
    devTools.on('Target.detachedFromTarget', ({ sessionId }) => {
      // On macOS a browser lives on without a window.
      if (pages.delete(sessionId) && pages.size === 0) fail(loginErrors.LOGIN_BROWSER_CLOSED())
    })
    attachAll(devTools, undefined).catch(() => {})
  })
}

/** Windows and frames that open later are held until they are watched too. */
const attachAll = (devTools: DevTools, sessionId: string | undefined) =>
  devTools.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: true, flatten: true }, sessionId)

async function watch(devTools: DevTools, sessionId: string): Promise<void> {
  const patterns = signInPatterns.map((urlPattern) => ({ urlPattern }))
  // A worker has no network to watch; whatever is held must be let go.
  await devTools.send('Fetch.enable', { patterns }, sessionId).catch(() => {})
  await devTools.send('Network.enable', {}, sessionId).catch(() => {})
  await attachAll(devTools, sessionId).catch(() => {})
  await devTools.send('Runtime.runIfWaitingForDebugger', undefined, sessionId).catch(() => {})
}

async function open(devTools: DevTools, sessionId: string, url: string): Promise<void> {
  const { errorText } = await devTools.send('Page.navigate', { url }, sessionId)
  // A page that moves on before it has loaded is aborted, and well.
  if (errorText && errorText !== 'net::ERR_ABORTED') throw loginErrors.LOGIN_PAGE_UNREACHABLE({ reason: errorText })
}

/** The response when this is it. Nothing that the patterns stop is ever let through to AWS. */
async function settle(
  devTools: DevTools,
  { requestId, request, networkId }: Protocol.Fetch.RequestPausedEvent,
  sessionId: string | undefined,
): Promise<Secret | undefined> {
  const response =
    request.method === 'POST' && isSignInAddress(request.url)
      ? new URLSearchParams(await bodyOf(devTools, request, networkId, sessionId)).get('SAMLResponse')
      : undefined
  if (response) {
    // No content: the page stays, and no history entry keeps what was posted.
    await devTools.send('Fetch.fulfillRequest', { requestId, responseCode: 204 }, sessionId).catch(() => {})
    return new Secret(response)
  }
  await devTools
    .send('Fetch.failRequest', { requestId, errorReason: 'BlockedByClient' }, sessionId)
    .catch((error) => reasonOf(error))
  return undefined
}

/** Left out of the event when it is long. */
async function bodyOf(
  devTools: DevTools,
  request: Protocol.Network.Request,
  networkId: string | undefined,
  sessionId: string | undefined,
): Promise<string> {
  const entries = request.postDataEntries?.map(({ bytes = '' }) => Buffer.from(bytes, 'base64')) ?? []
  if (entries.some((entry) => entry.length > 0)) return Buffer.concat(entries).toString('utf8')
  if (request.postData) return request.postData
  if (!networkId) return ''
  const { postData } = await devTools.send('Network.getRequestPostData', { requestId: networkId }, sessionId)
  return postData
}
