/**
 * Where a browser posts a SAML response for AWS: `/saml`, by region or not, and `/saml/acs/ID` for encrypted assertions; the same under
 * the names of GovCloud and China (IAM User Guide, "Configure SAML assertions for the authentication response"). Defender for Cloud Apps
 * puts its own suffix behind the name and posts the same response.
 */
const HOSTS = ['signin.aws.amazon.com', 'signin.amazonaws-us-gov.com', 'signin.amazonaws.cn'] as const
const PROXY_SUFFIX = '.mcas.ms'
const PATH = /^\/saml(?:\/acs\/[\w-]+)?\/?$/
const REGION = /^[a-z]{2}(?:-[a-z]+)+-\d$/

export function isSignInAddress(text: string): boolean {
  const url = URL.parse(text)
  if (url?.protocol !== 'https:' || url.port !== '' || !PATH.test(url.pathname)) return false
  const host = url.hostname.endsWith(PROXY_SUFFIX) ? url.hostname.slice(0, -PROXY_SUFFIX.length) : url.hostname
  return HOSTS.some((known) => {
    if (host === known) return true
    return host.endsWith(`.${known}`) && REGION.test(host.slice(0, -known.length - 1))
  })
}

const NAMES: readonly string[] = [...HOSTS, ...HOSTS.map((host) => `${host}${PROXY_SUFFIX}`)]

/** Wider than the addresses, in the browser's own wildcards: what is stopped here is looked at by `isSignInAddress`. */
export const signInPatterns: readonly string[] = NAMES.flatMap((host) => [
  `https://${host}/saml*`,
  `https://*.${host}/saml*`,
])

/** The browser never learns these names' addresses, so that not even a connection opened ahead of time can reach them. */
export const unresolvable: string = NAMES.flatMap((host) => [`MAP ${host} ~NOTFOUND`, `MAP *.${host} ~NOTFOUND`]).join(
  ',',
)
