import {
  DescribeRouteTablesCommand,
  type EC2Client,
  GetManagedPrefixListEntriesCommand,
  type RouteTable,
} from '@aws-sdk/client-ec2'
import type { EnvironmentNetwork } from './environment.ts'
import { tunnelErrors } from './errors.ts'
import { leasable, narrow, prefixListsIn, type Reach, reachOf, tableOf } from './routes.ts'

/** Where the subnet of a server leads to, as its route table says now. */
export async function readReach(ec2: EC2Client, network: EnvironmentNetwork): Promise<Reach[]> {
  const tables: RouteTable[] = []
  let NextToken: string | undefined
  do {
    const page = await ec2.send(
      new DescribeRouteTablesCommand({
        Filters: [{ Name: 'vpc-id', Values: [network.vpc] }],
        ...(NextToken ? { NextToken } : {}),
      }),
    )
    tables.push(...(page.RouteTables ?? []))
    NextToken = page.NextToken
  } while (NextToken)
  // Every subnet of an environment leads to the same networks: a server may stand in any of them.
  const table = tableOf(tables, network.subnets[0] ?? '')
  if (!table) return []
  const lists = await Promise.all(
    prefixListsIn(table).map(async (id) => {
      const { Entries } = await ec2.send(new GetManagedPrefixListEntriesCommand({ PrefixListId: id }))
      return [id, (Entries ?? []).flatMap(({ Cidr }) => Cidr ?? [])] as const
    }),
  )
  return reachOf(table, new Map(lists))
}

/** The networks of a lease: all that the VPC leads to, or of that what was asked for. */
export function chooseNetworks(reach: readonly Reach[], network: EnvironmentNetwork, to: readonly string[]): string[] {
  const all = leasable(reach)
  const refuse = (asked: string) => tunnelErrors.TUNNEL_NOTHING_TO_ROUTE({ vpc: network.vpc, asked })
  if (all.length === 0) throw refuse('anything private')
  if (to.length === 0) return all
  const chosen = narrow(all, to)
  if ('outside' in chosen) throw refuse(chosen.outside)
  return chosen.leased
}
