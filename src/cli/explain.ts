import { isIPv4 } from 'node:net'
import { tunnelErrors } from '../tunnel/errors.ts'
import { scopeOf } from '../tunnel/open-tunnel.ts'
import { environmentNamed, networkIn } from '../tunnel/read-environment.ts'
import { readReach } from '../tunnel/way.ts'
import { asciiName, isName } from '../tunnel/zones.ts'
import { type Command, optionText } from './command.ts'
import { exitCodes } from './exit.ts'
import { explainName } from './explain-name.ts'
import { laptopOf } from './tunnel-parts.ts'
import { wayInWords, wayTo } from './way-words.ts'

/** By which hop an address is reached, as the route tables say now, or that the way ends there. Of a name: who answers it, and by which hop. */
export const explain: Command = async (context) => {
  const [name = '', host = ''] = context.args
  const asked = isIPv4(host) ? host : asciiName(host)
  if (!isIPv4(host) && !(asked.includes('.') && isName(asked))) {
    throw tunnelErrors.TUNNEL_ADDRESS_INVALID({ address: host })
  }
  const { environments, engineer, journal } = laptopOf(context)
  const environment = environmentNamed(await environments(), name)
  const network = networkIn(environment, optionText(context, 'region'))
  const reach = await readReach(await engineer.ec2(scopeOf(environment, network), environment.role), network)
  const { output } = context
  if (!isIPv4(asked)) return explainName({ environment, network, reach, journal, output }, asked)
  const way = wayTo(asked, reach)
  output.document(way, () => wayInWords(way, network))
  return way.reached ? exitCodes.ok : exitCodes.failed
}
