import { type CodedError, isCoded } from '../kernel/errors.ts'
import { pickTunnelAddresses, type TunnelAddresses } from './addresses.ts'
import { tunnelErrors } from './errors.ts'
import type { Journal } from './journal.ts'
import type { TunnelParts, TunnelWish } from './open-tunnel.ts'
import { type Clash, clashesOf, freeOf, type Reach } from './routes.ts'
import { chooseDns, doorOf, keptForDns } from './split-dns.ts'
import { networksOf } from './target.ts'
import { chooseNetworks } from './way.ts'
import type { SplitDns } from './zones.ts'

export type PlannedWay = {
  /** What it was planned by. */
  reach: readonly Reach[]
  leased: string[]
  addresses: TunnelAddresses
  /** Which names are asked through it, and of whom. */
  dns: SplitDns | undefined
  /** Hosts of which single ports alone may be leased. */
  portsOnly: string[]
}

type PlanParts = Pick<TunnelParts, 'journal' | 'localNetworks' | 'random'>

/** By a guess, if that leads where it should and clashes with nothing; else by what the tables say, whose refusal alone counts. */
export async function planWay(
  { journal, localNetworks, random }: PlanParts,
  { environment, network, to, dns: wanted, replaces }: TunnelWish,
  guess: readonly Reach[] | undefined,
  askTables: () => Promise<readonly Reach[]>,
): Promise<PlannedWay> {
  const local = localNetworks()
  async function plan(reach: readonly Reach[]): Promise<PlannedWay> {
    const here = await local
    const chosen = chooseNetworks(reach, network, to)
    const dns = wanted ? chooseDns(environment, network, reach, networksOf(chosen)) : undefined
    const leased = dns ? [...new Set([...chosen, doorOf(dns)])] : chosen
    const networks = networksOf(leased)
    const clashes = clashesOf(
      networks,
      here.filter(({ device }) => device !== replaces),
    )
    const [clash] = clashes
    if (clash) throw await explainClash(journal, clash, freeOf(networks, clashes))
    const taken = [...networks, ...here.map(({ cidr }) => cidr)]
    return { reach, leased, addresses: pickTunnelAddresses(taken, random), dns, portsOnly: keptForDns(reach) }
  }
  if (guess) {
    try {
      return await plan(guess)
    } catch (error) {
      if (!isCoded(error)) throw error
    }
  }
  const [reach] = await Promise.all([askTables(), local])
  return plan(reach)
}

/** A network of this machine may be the one of another tunnel: then it is known whose, and what ends it. */
async function explainClash(journal: Journal, clash: Clash, open: readonly string[]): Promise<CodedError> {
  const free = open.join(' ') || 'nothing'
  const other = (await journal.list()).entries.find(({ device }) => device === clash.device)
  if (!other) return tunnelErrors.TUNNEL_CLASH({ ...clash, free })
  return tunnelErrors.TUNNEL_CLASH_OF_TUNNELS({ ...clash, free, environment: other.lease.environment })
}
