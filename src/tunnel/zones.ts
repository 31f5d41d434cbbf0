import { domainToASCII } from 'node:url'
import * as z from 'zod'
import { addressAt, rangeOf } from './addresses.ts'

/** Zones of the DNS as lower-case ASCII, without a dot at the end. A zone holds its own name and all below it. */

/** One label is a whole zone only where the root leads nowhere: RFC 6762, appendix G; `local` is multicast DNS. */
const PRIVATE_TOPS = ['corp', 'home', 'internal', 'intranet', 'lan', 'private']
/** Every name by address: nobody's are taken but those of leased networks. */
const REVERSE_TOPS = ['in-addr.arpa', 'ip6.arpa']

const LONGEST = 253

/** A name as the DNS has it, whatever it was typed in; empty for what is none. */
export const asciiName = (text: string): string => domainToASCII(text.replace(/\.$/, '')).toLowerCase()

export function isName(text: string): boolean {
  const labels = text.split('.')
  return (
    text.length <= LONGEST &&
    labels.every((label) => /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/.test(label)) &&
    // No name of the root is a number: what looks like an address is one.
    /[a-z]/.test(labels.at(-1) ?? '')
  )
}

const isZone = (text: string): boolean =>
  isName(text) && (text.includes('.') ? !REVERSE_TOPS.includes(text) : PRIVATE_TOPS.includes(text))

const A_ZONE = `a zone such as corp.example: two labels or more, or one of ${PRIVATE_TOPS.join(', ')}`

/** As a person writes it: any script, any case. */
export const writtenZone = z.string().transform(asciiName).refine(isZone, A_ZONE)
export const asciiZone = z.string().refine(isZone, A_ZONE)

/** So many a machine takes without being slowed down: macOS keeps a file for each. */
const MOST_ZONES = 200

/** Names of these zones are asked of `resolver`, through the tunnel; every other name of whom this machine asks anyway. */
export const splitDnsSchema = z.strictObject({ resolver: z.ipv4(), zones: z.array(asciiZone).min(1).max(MOST_ZONES) })
export type SplitDns = z.infer<typeof splitDnsSchema>

/** The zones named, and the names by address of each network that there is room for. */
export function withReverse(named: readonly string[], networks: readonly string[]): string[] {
  const zones = new Set(named)
  for (const more of networks.map(reverseZones)) {
    if (zones.size + more.length <= MOST_ZONES) for (const zone of more) zones.add(zone)
  }
  return [...zones]
}

/** What the DNS of a VPC answers of itself: Route 53 Developer Guide, "Domain names that VPC Resolver creates autodefined system rules for". */
export const zonesOfRegion = (region: string): string[] =>
  region === 'us-east-1'
    ? ['ec2.internal', 'compute-1.internal', 'compute.internal']
    : [`${region}.compute.internal`, 'compute.internal']

/** Names by the addresses of one network and no other: RFC 1035, 3.5. One zone, or as many as it takes of the next smaller kind. */
export function reverseZones(network: string): string[] {
  const { first, last, prefix } = rangeOf(network)
  const octets = Math.ceil(prefix / 8)
  const size = 2 ** (32 - octets * 8)
  return Array.from({ length: (last - first + 1) / size }, (_, at) => {
    const labels = addressAt(first + at * size).split('.')
    return [...labels.slice(0, octets).reverse(), 'in-addr.arpa'].join('.')
  })
}

/** The narrowest of them that holds a name. */
export const zoneOf = (name: string, zones: readonly string[]): string | undefined =>
  zones
    .filter((zone) => name === zone || name.endsWith(`.${zone}`))
    .reduce<string | undefined>((best, zone) => (best && best.length >= zone.length ? best : zone), undefined)
