import * as z from 'zod'

/** `hostname` as URL gives it: lower case, IPv6 in brackets. */
export const isLoopbackHost = (hostname: string): boolean =>
  hostname === 'localhost' ||
  hostname.endsWith('.localhost') ||
  hostname === '[::1]' ||
  /^127(?:\.\d{1,3}){3}$/.test(hostname)

/** A connection's peer, as the socket names it. */
export const isLoopbackAddress = (address: string): boolean =>
  address === '::1' || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/.test(address)

/** https, or http where the host is loopback: whatever travels stays on the machine. */
export const secureUrl = z
  .url({ protocol: /^https?$/, abort: true, error: 'a URL, such as https://host.example.com' })
  .refine(
    (text) => {
      const url = URL.parse(text)
      return url !== null && (url.protocol === 'https:' || isLoopbackHost(url.hostname))
    },
    { message: 'http is accepted only for localhost, 127.0.0.1 and [::1]: use https' },
  )
