import { CreateTagsCommand, type EC2Client, type Instance, paginateDescribeInstances } from '@aws-sdk/client-ec2'
import pLimit from 'p-limit'
import type { Engineer } from '../aws/engineer.ts'
import { reasonOf } from '../kernel/errors.ts'
import type { Scope } from '../model/scope.ts'
import type { Environment } from './environment.ts'
import { tunnelErrors } from './errors.ts'
import { TAGS } from './lease.ts'
import { scopeOf } from './open-tunnel.ts'

/** A server as AWS knows it: facts, whoever made it and from wherever. */
export type Server = {
  instanceId: string
  leaseId: string
  environment: string
  owner: string
  scope: Scope
  state: string
  type: string
  launchedAt: number
  until: number
  publicAddress: string | undefined
}

/** Servers of many environments, and what could not be asked: an account that says no hides nothing of the others. */
export type Census = { servers: Server[]; unasked: { environment: string; region: string; reason: string }[] }

/** Environments asked at once; each account and region has a rate limit of its own. */
const AT_ONCE = 16

const ALIVE = ['pending', 'running', 'stopping', 'stopped']

/** `ending`: those too that shut down just now. */
export async function findServers(
  engineer: Pick<Engineer, 'ec2'>,
  environments: readonly Environment[],
  { ending = false } = {},
): Promise<Census> {
  const states = ending ? [...ALIVE, 'shutting-down'] : ALIVE
  const census: Census = { servers: [], unasked: [] }
  const turn = pLimit(AT_ONCE)
  // Two environments may share an account and region; it is asked once.
  const places = new Map<string, { environment: Environment; region: string }>()
  for (const environment of environments) {
    for (const { region } of environment.networks) {
      places.set(`${environment.tenant}/${environment.account}/${region}/${environment.role}`, { environment, region })
    }
  }
  await Promise.all(
    [...places.values()].map(({ environment, region }) =>
      turn(async () => {
        try {
          census.servers.push(...(await serversAt(engineer, environment, region, states)))
        } catch (error) {
          census.unasked.push({ environment: environment.name, region, reason: reasonOf(error) })
        }
      }),
    ),
  )
  census.servers.sort((a, b) => a.launchedAt - b.launchedAt)
  return census
}

async function serversAt(
  engineer: Pick<Engineer, 'ec2'>,
  environment: Environment,
  region: string,
  states: string[],
): Promise<Server[]> {
  const network = environment.networks.find((one) => one.region === region)
  if (!network) return []
  const scope = scopeOf(environment, network)
  const client = await engineer.ec2(scope, environment.role)
  const servers: Server[] = []
  const Filters = [
    { Name: 'tag-key', Values: [TAGS.lease] },
    { Name: 'instance-state-name', Values: states },
  ]
  for await (const page of paginateDescribeInstances({ client }, { Filters })) {
    for (const { Instances } of page.Reservations ?? []) {
      servers.push(...(Instances ?? []).map((instance) => toServer(instance, scope)))
    }
  }
  return servers
}

function toServer(instance: Instance, scope: Scope): Server {
  const tag = (key: string) => instance.Tags?.find(({ Key }) => Key === key)?.Value ?? ''
  return {
    instanceId: instance.InstanceId ?? '',
    leaseId: tag(TAGS.lease),
    environment: tag(TAGS.environment),
    owner: tag(TAGS.owner),
    scope,
    state: instance.State?.Name ?? 'unknown',
    type: instance.InstanceType ?? '',
    launchedAt: instance.LaunchTime?.getTime() ?? 0,
    until: Number(tag(TAGS.until)) * 1000,
    publicAddress: instance.PublicIpAddress,
  }
}

/**
 * A server that ought to be over: its time is up, whatever its tag says it has lived as long as any may, or it stands still, which no server of ours
 * does.
 */
export function isOverdue({ until, state, launchedAt }: Server, now: number, longestMs: number): boolean {
  if (state === 'shutting-down') return false
  // A tag that is no time says nothing.
  const end = Math.min(Number.isFinite(until) && until > 0 ? until : Number.POSITIVE_INFINITY, launchedAt + longestMs)
  return now > end || state === 'stopped' || state === 'stopping'
}

/** Moves the end of a server; the guard reads the tag from its metadata service and keeps to the cap it was born with. */
export async function extend(ec2: EC2Client, server: Server, until: number, longestMs: number): Promise<void> {
  const longest = server.launchedAt + longestMs
  if (until > longest) throw tunnelErrors.TUNNEL_EXTEND_TOO_LONG({ longest: new Date(longest).toISOString() })
  const Tags = [{ Key: TAGS.until, Value: String(Math.round(until / 1000)) }]
  await ec2.send(new CreateTagsCommand({ Resources: [server.instanceId], Tags }))
}
