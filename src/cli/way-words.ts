import type { EnvironmentNetwork } from '../tunnel/environment.ts'
import { hopTo, type Reach } from '../tunnel/routes.ts'

const hops = {
  vpc: 'in the VPC itself',
  peering: 'by the peering connection',
  'transit-gateway': 'by the transit gateway',
  other: 'outside: no tunnel leads there, by',
} as const

export type Way = { address: string; reached: boolean; hop: Reach | null }

/** By which hop of a VPC an address is reached, or where the way ends. */
export function wayTo(address: string, reach: readonly Reach[]): Way {
  const hop = hopTo(address, reach) ?? null
  return { address, reached: hop !== null && hop.state === 'active' && hop.hop !== 'other', hop }
}

export function wayInWords({ address, hop }: Way, { vpc }: EnvironmentNetwork): string {
  if (!hop) return `${address}: no private route of ${vpc} leads there`
  if (hop.state === 'blackhole') return `${address}: ${hop.cidr} ends at ${hop.via}, which is gone (blackhole)`
  return `${address}: ${hop.cidr}, ${hops[hop.hop]} ${hop.via}`
}
