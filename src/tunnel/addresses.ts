import ipaddr from 'ipaddr.js'

/** IPv4 networks as numbers; `10.0.0.0/8`, host bits ignored. */
export type Range = { first: number; last: number; prefix: number }

export function rangeOf(cidr: string): Range {
  const [address, prefix] = ipaddr.IPv4.parseCIDR(cidr.includes('/') ? cidr : `${cidr}/32`)
  const size = 2 ** (32 - prefix)
  const number = address.octets.reduce((sum, octet) => sum * 256 + octet, 0)
  const first = Math.floor(number / size) * size
  return { first, last: first + size - 1, prefix }
}

export const overlaps = (one: string, other: string): boolean => {
  const [a, b] = [rangeOf(one), rangeOf(other)]
  return a.first <= b.last && b.first <= a.last
}

export const contains = (outer: string, inner: string): boolean => {
  const [a, b] = [rangeOf(outer), rangeOf(inner)]
  return a.first <= b.first && b.last <= a.last
}

/** What is left of a network without another: the widest networks there are, in their order. */
export function without(network: string, other: string): string[] {
  if (!overlaps(network, other)) return [network]
  const { first, last, prefix } = rangeOf(network)
  if (contains(other, network)) return []
  const half = (last - first + 1) / 2
  return [first, first + half].flatMap((start) => without(`${addressAt(start)}/${prefix + 1}`, other))
}

export const isIpv4Cidr = (text: string): boolean => ipaddr.IPv4.isValidCIDR(text)

export const addressAt = (number: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.')

/** The tunnel's own two addresses. 198.18.0.0/15 is for tests of devices (RFC 2544): no network of a customer has it. */
export type TunnelAddresses = { network: string; server: string; client: string }

/** The server's end of the tunnel. */
export const SERVER_DEVICE = 'enchilada0'

const POOL = rangeOf('198.18.0.0/15')
const BLOCKS = (POOL.last - POOL.first + 1) / 4

/** `random` in [0, 1). Blocks in use here are passed over. */
export function pickTunnelAddresses(taken: readonly string[], random: () => number): TunnelAddresses {
  const start = Math.floor(random() * BLOCKS)
  for (let step = 0; step < BLOCKS; step++) {
    const first = POOL.first + ((start + step) % BLOCKS) * 4
    const network = `${addressAt(first)}/30`
    if (!taken.some((other) => overlaps(other, network))) {
      return { network, server: addressAt(first + 1), client: addressAt(first + 2) }
    }
  }
  throw new RangeError('every address of 198.18.0.0/15 is in use on this machine')
}
