import type { Route, RouteTable } from '@aws-sdk/client-ec2'
import { contains, isIpv4Cidr, overlaps, rangeOf, without } from './addresses.ts'
import { readTarget, writeTarget } from './target.ts'

/** By what a VPC reaches a network. */
export const hops = ['vpc', 'peering', 'transit-gateway', 'other'] as const
export type Hop = (typeof hops)[number]
export type Reach = { cidr: string; hop: Hop; via: string; state: 'active' | 'blackhole' }

/** CIDRs of a managed prefix list, by its id. */
export type PrefixLists = ReadonlyMap<string, readonly string[]>

/** The table that a subnet uses: its own, or else the VPC's main one (Amazon VPC User Guide, "Route tables"). */
export function tableOf(tables: readonly RouteTable[], subnetId: string): RouteTable | undefined {
  const own = tables.find((table) => table.Associations?.some((one) => one.SubnetId === subnetId))
  return own ?? tables.find((table) => table.Associations?.some((one) => one.Main))
}

/** Every IPv4 network that the table names, the internet left out; the most specific first. */
export function reachOf(table: RouteTable, prefixLists: PrefixLists): Reach[] {
  const found = (table.Routes ?? []).flatMap((route) => {
    const { hop, via } = hopOf(route)
    const state: Reach['state'] = route.State === 'blackhole' ? 'blackhole' : 'active'
    return networksOf(route, prefixLists)
      .filter((cidr) => isIpv4Cidr(cidr) && rangeOf(cidr).prefix > 0)
      .map((cidr) => ({ cidr, hop, via, state }))
  })
  return found.sort(
    (a, b) => rangeOf(b.cidr).prefix - rangeOf(a.cidr).prefix || rangeOf(a.cidr).first - rangeOf(b.cidr).first,
  )
}

/** Prefix lists whose networks the table's private routes need. */
export const prefixListsIn = (table: RouteTable): string[] =>
  (table.Routes ?? [])
    .filter((route) => hopOf(route).hop !== 'other')
    .flatMap((route) => route.DestinationPrefixListId ?? [])

/** Longest prefix first, as a router takes it; a blackhole there is the end of the way. */
export const hopTo = (address: string, reach: readonly Reach[]): Reach | undefined =>
  reach.find(({ cidr }) => contains(cidr, `${address}/32`))

/** What a tunnel leads to: private hops, no blackholes, nothing that another of them holds already. */
export function leasable(reach: readonly Reach[]): string[] {
  const open = reach.filter(({ hop, state }) => hop !== 'other' && state === 'active').map(({ cidr }) => cidr)
  return [...new Set(open)].filter((cidr) => !open.some((other) => other !== cidr && contains(other, cidr)))
}

/** `--to`: networks, addresses or ports of addresses, each within what can be leased; or the first that is not. */
export function narrow(all: readonly string[], wanted: readonly string[]): { leased: string[] } | { outside: string } {
  const leased: string[] = []
  for (const one of wanted) {
    const target = readTarget(one)
    if (!target || !all.some((network) => contains(network, target.cidr))) return { outside: one }
    leased.push(writeTarget(target))
  }
  return { leased: [...new Set(leased)] }
}

export type LocalNetwork = { cidr: string; device: string }
export type Clash = { network: string; local: string; device: string }

/** Networks of this machine that the tunnel's would take over, or be taken over by. Its default route is none. */
export const clashesOf = (leased: readonly string[], local: readonly LocalNetwork[]): Clash[] =>
  leased.flatMap((network) =>
    local
      .filter(({ cidr }) => overlaps(network, cidr))
      // A single host inside a wider local network is what was asked for by name: its route is the more specific, and goes again.
      .filter(({ cidr }) => rangeOf(network).prefix < 32 || rangeOf(cidr).prefix === 32)
      .map(({ cidr, device }) => ({ network, local: cidr, device })),
  )

/** What of them can be leased beside the networks that this machine has itself. */
export const freeOf = (leased: readonly string[], clashes: readonly Clash[]): string[] =>
  clashes.reduce<string[]>((free, { local }) => free.flatMap((one) => without(one, local)), [...leased])

function hopOf(route: Route): { hop: Hop; via: string } {
  if (route.VpcPeeringConnectionId) return { hop: 'peering', via: route.VpcPeeringConnectionId }
  if (route.TransitGatewayId) return { hop: 'transit-gateway', via: route.TransitGatewayId }
  if (route.GatewayId === 'local') return { hop: 'vpc', via: 'local' }
  const via = route.GatewayId ?? route.NatGatewayId ?? route.NetworkInterfaceId ?? route.CoreNetworkArn ?? 'unknown'
  return { hop: 'other', via }
}

function networksOf(route: Route, prefixLists: PrefixLists): readonly string[] {
  if (route.DestinationPrefixListId) return prefixLists.get(route.DestinationPrefixListId) ?? []
  return route.DestinationCidrBlock ? [route.DestinationCidrBlock] : []
}
