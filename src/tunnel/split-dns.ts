import { addressAt, rangeOf } from './addresses.ts'
import type { Environment, EnvironmentNetwork } from './environment.ts'
import type { Reach } from './routes.ts'
import { chooseNetworks } from './way.ts'
import { type SplitDns, withReverse, zonesOfRegion } from './zones.ts'

/**
 * Where the resolver of a VPC answers: the base of its network plus two. AWS keeps that address in every network of a VPC and answers in the primary one
 * (Amazon VPC User Guide, "Amazon DNS server"). Its other address, 169.254.169.253, no router passes on.
 */
export const keptForDns = (reach: readonly Reach[]): string[] =>
  reach.filter(({ hop }) => hop === 'vpc').map(({ cidr }) => addressAt(rangeOf(cidr).first + 2))

/** As a target of a lease: that port of that host. */
export const doorOf = ({ resolver }: SplitDns): string => `${resolver}:53`

/**
 * Which names are asked of whom: zones that the environment lists, those of its region, and names by address of `networks`. Undefined where only the
 * environment could say who: route tables do not tell which of several networks of a VPC is its primary one.
 */
export function chooseDns(
  { dns }: Environment,
  network: EnvironmentNetwork,
  reach: readonly Reach[],
  networks: readonly string[],
): SplitDns | undefined {
  const [own, ...others] = keptForDns(reach)
  const resolver = network.resolver ?? (others.length === 0 ? own : undefined)
  if (resolver === undefined) return undefined
  const planned = { resolver, zones: withReverse([...dns.zones, ...zonesOfRegion(network.region)], networks) }
  chooseNetworks(reach, network, [doorOf(planned)])
  return planned
}
