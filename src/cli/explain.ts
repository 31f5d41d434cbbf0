import { isIPv4 } from 'node:net'
import { tunnelErrors } from '../tunnel/errors.ts'
import { scopeOf } from '../tunnel/open-tunnel.ts'
import { environmentNamed, networkIn } from '../tunnel/read-environment.ts'
import { hopTo } from '../tunnel/routes.ts'
import { readReach } from '../tunnel/way.ts'
import { type Command, optionText } from './command.ts'
import { exitCodes } from './exit.ts'
import { laptopOf } from './tunnel-parts.ts'

const words = {
  vpc: 'in the VPC itself',
  peering: 'by the peering connection',
  'transit-gateway': 'by the transit gateway',
  other: 'outside: no tunnel leads there, by',
} as const

/** By which hop an address is reached, as the route tables say now, or that the way ends there. */
export const explain: Command = async (context) => {
  const { engineer, environments } = laptopOf(context)
  const [name = '', address = ''] = context.args
  if (!isIPv4(address)) throw tunnelErrors.TUNNEL_ADDRESS_INVALID({ address })
  const environment = environmentNamed(await environments(), name)
  const network = networkIn(environment, optionText(context, 'region'))
  const ec2 = await engineer.ec2(scopeOf(environment, network), environment.role)
  const hop = hopTo(address, await readReach(ec2, network))
  const reached = hop !== undefined && hop.state === 'active' && hop.hop !== 'other'
  context.output.document({ address, reached, hop: hop ?? null }, () => {
    if (!hop) return `${address}: no private route of ${network.vpc} leads there`
    if (hop.state === 'blackhole') return `${address}: ${hop.cidr} ends at ${hop.via}, which is gone (blackhole)`
    return `${address}: ${hop.cidr}, ${words[hop.hop]} ${hop.via}`
  })
  return reached ? exitCodes.ok : exitCodes.failed
}
