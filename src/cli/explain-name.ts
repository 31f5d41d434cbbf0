import { Resolver } from 'node:dns/promises'
import type { Environment, EnvironmentNetwork } from '../tunnel/environment.ts'
import { tunnelErrors } from '../tunnel/errors.ts'
import { isHeld, type Journal } from '../tunnel/journal.ts'
import { leasable, type Reach } from '../tunnel/routes.ts'
import { chooseDns } from '../tunnel/split-dns.ts'
import { zoneOf } from '../tunnel/zones.ts'
import { exitCodes } from './exit.ts'
import type { Output } from './output.ts'
import { wayInWords, wayTo } from './way-words.ts'

export type ExplainParts = {
  environment: Environment
  network: EnvironmentNetwork
  reach: readonly Reach[]
  journal: Journal
  output: Output
}

const ANSWERS_WITHIN_MS = 2_000

/** Which resolver answers a name while the tunnel is up, and by which hop; with the tunnel up also what it answers, and the way there. */
export async function explainName(parts: ExplainParts, name: string): Promise<number> {
  const { environment, network, reach, output } = parts
  const dns = chooseDns(environment, network, reach, leasable(reach))
  if (!dns) throw tunnelErrors.TUNNEL_RESOLVER_UNKNOWN({ vpc: network.vpc })
  const zone = zoneOf(name, dns.zones)
  if (zone === undefined) {
    const words = `${name}: in no zone of ${environment.name}, so this machine's own resolver answers it`
    output.document({ name, zone: null, resolver: null, answers: null }, () => words)
    return exitCodes.failed
  }
  const resolver = wayTo(dns.resolver, reach)
  const addresses = (await isUp(parts, zone)) ? await ask(dns.resolver, name) : undefined
  const answers = addresses?.map((address) => wayTo(address, reach)) ?? null
  const lines = () => [
    `${name}: in zone ${zone}, answered by ${wayInWords(resolver, network)}`,
    ...(answers?.length === 0 ? ['it has no address there'] : []),
    ...(answers ?? []).map((way) => wayInWords(way, network)),
  ]
  output.document({ name, zone, resolver, answers }, () => lines().join('\n'))
  return resolver.reached ? exitCodes.ok : exitCodes.failed
}

/** A tunnel of this machine asks for the names of that zone. */
async function isUp({ environment, journal }: ExplainParts, zone: string): Promise<boolean> {
  const { entries } = await journal.list()
  return entries.some(
    (one) => isHeld(one) && one.lease.environment === environment.name && one.dns?.zones.includes(zone),
  )
}

async function ask(server: string, name: string): Promise<string[]> {
  const resolver = new Resolver({ timeout: ANSWERS_WITHIN_MS, tries: 2 })
  resolver.setServers([server])
  return resolver.resolve4(name).catch((error: { code?: string }) => {
    if (error.code === 'ENOTFOUND' || error.code === 'ENODATA') return []
    throw tunnelErrors.TUNNEL_RESOLVER_SILENT({ resolver: server, reason: error.code }, { cause: error })
  })
}
