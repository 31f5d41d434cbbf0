import { execFile } from 'node:child_process'
import { hostname, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import envPaths from 'env-paths'
import { listRecords } from '../audit/list-records.ts'
import { type ChainedTrail, openTrail } from '../audit/trail.ts'
import { createEngineer, type Engineer } from '../aws/engineer.ts'
import { keptAnswers } from '../aws/kept-answers.ts'
import { type Clock, systemClock, toIso } from '../kernel/clock.ts'
import { createLog } from '../kernel/log.ts'
import { isIpv4Cidr } from '../tunnel/addresses.ts'
import type { Environment } from '../tunnel/environment.ts'
import type { Journal } from '../tunnel/journal.ts'
import { type KnownWays, knownWays } from '../tunnel/known-ways.ts'
import type { LeaseTrail } from '../tunnel/lease-trail.ts'
import type { LocalNetworkDoor } from '../tunnel/network-document.ts'
import type { LocalNetwork } from '../tunnel/routes.ts'
import { type CommandContext, optionText } from './command.ts'
import { registryOf } from './environments-parts.ts'
import { sessionOf } from './login-parts.ts'
import { netconfDoor } from './netconf-door.ts'
import { ownJournal } from './own-journal.ts'

/** What the tunnel's commands are made of on a laptop. */
export type Laptop = {
  clock: Clock
  engineer: Engineer
  journal: Journal
  door: LocalNetworkDoor
  environments(): Promise<Environment[]>
  openTrail(): Promise<ChainedTrail & LeaseTrail>
  ways: KnownWays
  localNetworks(): Promise<LocalNetwork[]>
}

export function laptopOf(context: CommandContext): Laptop {
  const paths = envPaths('enchilada', { suffix: '' })
  const clock = systemClock
  const profile = optionText(context, 'profile')
  return {
    clock,
    engineer: createEngineer({
      ...{ clock, profile, session: sessionOf(context) },
      answers: keptAnswers(join(paths.cache, 'answers')),
    }),
    journal: ownJournal(),
    door: netconfDoor(),
    environments: () => registryOf(context).all(),
    openTrail: async () => {
      const directory = join(paths.log, 'audit')
      // One chain a process: two tunnels at once must not write to one.
      const writer = `laptop-${hostname().replace(/[^A-Za-z0-9-]/g, '-')}-${process.pid}`
      const log = createLog(process.env['LOG_LEVEL'] ?? 'warn', 'enchilada')
      const trail = await openTrail({ directory, writer, clock, log })
      return {
        ...trail,
        async has({ id, startedAt }, kind) {
          const filter = { session: id, kind, from: toIso(startedAt) }
          return (await listRecords(directory, filter, { limit: 1 })).items.length > 0
        },
      }
    },
    ways: knownWays(join(paths.cache, 'ways'), clock),
    localNetworks: readLocalNetworks,
  }
}

/** Networks that this machine has a way to of its own, its default route left out. */
async function readLocalNetworks(): Promise<LocalNetwork[]> {
  const own = Object.entries(networkInterfaces()).flatMap(([device, addresses]) =>
    (addresses ?? []).flatMap(({ cidr, internal }) =>
      !internal && cidr !== null && isIpv4Cidr(cidr) ? { cidr, device } : [],
    ),
  )
  if (process.platform !== 'linux') return own
  const { stdout } = await promisify(execFile)('ip', ['-j', '-4', 'route', 'show'])
  const routes: { dst: string; dev?: string }[] = JSON.parse(stdout || '[]')
  const routed = routes
    .filter(({ dst }) => dst !== 'default')
    .map(({ dst, dev = 'none' }) => ({ cidr: dst.includes('/') ? dst : `${dst}/32`, device: dev }))
  return [...own, ...routed]
}
