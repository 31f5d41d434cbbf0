import type { SplitDns } from '../tunnel/zones.ts'

/** `corp.example, compute.internal by 10.200.0.2`: zones of names by address are left out, as the networks beside them say. */
export function dnsInWords({ resolver, zones }: SplitDns): string {
  const named = zones.filter((zone) => !zone.endsWith('.in-addr.arpa'))
  return `${named.join(', ') || 'names by address'} by ${resolver}`
}
