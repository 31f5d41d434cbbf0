import {
  DescribeInstancesCommand,
  type DescribeInstancesCommandInput,
  type Instance as Ec2Instance,
} from '@aws-sdk/client-ec2'
import type { Aws, Visit } from '../aws/aws.ts'
import { isClosedAccount, isDenied, isDisabledRegion, isThrottled } from '../aws/error-sets.ts'
import { awsErrors } from '../aws/errors.ts'
import type { Clock } from '../kernel/clock.ts'
import { hasCode } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import type { Log } from '../kernel/log.ts'
import { type Instance, instanceSchema } from '../model/instance.ts'
import type { IncompleteReason, Observation } from '../model/observation.ts'
import type { Scope } from '../model/scope.ts'

export const DISCOVERY = { name: 'enchilada-discovery' } as const

/** Values in one filter (EC2 API reference, DescribeInstances). */
const IDS_A_CALL = 200
/** The largest page that DescribeInstances gives. */
const PAGE = 1000

export type Observer = {
  /** Looks ids up. Ids that AWS does not know are simply not among the instances. */
  observeIds(scope: Scope, ids: readonly string[], signal?: AbortSignal): Promise<Observation>
  /** Lists the scope whole. */
  observeListing(scope: Scope, sweepId?: string, signal?: AbortSignal): Promise<Observation>
  /** As EC2 says it now; throws what AWS throws. */
  lookUpInstance(scope: Scope, id: string, visitor?: { name: string }): Promise<Instance | undefined>
}

export function createObserver({ aws, clock, log }: { aws: Aws; clock: Clock; log: Log }): Observer {
  /** Never throws: what went wrong is in the observation. */
  const observe = async (
    scope: Scope,
    kind: Observation['kind'],
    asked: readonly string[],
    look: (visit: Visit) => Promise<Instance[]>,
    sweepId?: string,
  ): Promise<Observation> => {
    const base = {
      id: newId(),
      scope,
      kind,
      begunAt: clock.now(),
      page: 1,
      pages: 1,
      asked: [...asked],
      ...(sweepId ? { sweepId } : {}),
      attempt: 0,
    }
    try {
      const visit = await aws.visit(scope, 'read', DISCOVERY)
      return { ...base, complete: true, instances: await look(visit) }
    } catch (error) {
      const reason = incompleteReason(error)
      log.warn({ scope, reason, err: error }, 'a scope could not be observed')
      return { ...base, complete: false, reason, instances: [] }
    }
  }

  return {
    observeIds: (scope, ids, signal) =>
      observe(scope, 'ids', ids, async (visit) => {
        const found: Instance[] = []
        for (let at = 0; at < ids.length; at += IDS_A_CALL)
          found.push(...(await describeIds(visit, ids.slice(at, at + IDS_A_CALL), signal)))
        return found
      }),
    observeListing: (scope, sweepId, signal) =>
      observe(scope, 'listing', [], (visit) => describe(visit, { MaxResults: PAGE }, signal), sweepId),
    async lookUpInstance(scope, id, visitor = DISCOVERY) {
      const visit = await aws.visit(scope, visitor === DISCOVERY ? 'read' : 'connect', visitor)
      return (await describeIds(visit, [id])).at(0)
    },
  }
}

/** By filter, not by InstanceIds: one unknown id would fail the whole call. */
const describeIds = (visit: Visit, ids: readonly string[], signal?: AbortSignal) =>
  describe(visit, { Filters: [{ Name: 'instance-id', Values: [...ids] }], MaxResults: PAGE }, signal)

/** Every page, always. */
async function describe(visit: Visit, input: DescribeInstancesCommandInput, signal?: AbortSignal): Promise<Instance[]> {
  const found = new Map<string, Instance>()
  let token: string | undefined
  do {
    await visit.turn(signal)
    const answer = await visit.ec2.send(
      new DescribeInstancesCommand({ ...input, ...(token ? { NextToken: token } : {}) }),
      signal ? { abortSignal: signal } : {},
    )
    for (const reservation of answer.Reservations ?? []) {
      for (const raw of reservation.Instances ?? []) {
        const instance = fromEc2(raw)
        if (instance) found.set(instance.id, instance)
      }
    }
    token = answer.NextToken
  } while (token)
  return [...found.values()]
}

function fromEc2(raw: Ec2Instance): Instance | undefined {
  return instanceSchema.safeParse({
    id: raw.InstanceId,
    state: raw.State?.Name,
    platform:
      raw.Platform?.toLowerCase() === 'windows' || raw.PlatformDetails?.startsWith('Windows') ? 'windows' : 'linux',
    imageId: raw.ImageId ?? '',
    instanceType: raw.InstanceType ?? '',
    availabilityZone: raw.Placement?.AvailabilityZone ?? '',
    launchedAt: raw.LaunchTime?.getTime() ?? 0,
    vpcId: raw.VpcId,
    subnetId: raw.SubnetId,
    privateIp: raw.PrivateIpAddress,
    publicIp: raw.PublicIpAddress,
    keyName: raw.KeyName,
    tags: Object.fromEntries((raw.Tags ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? ''])),
  }).data
}

function incompleteReason(error: unknown): IncompleteReason {
  const seen =
    hasCode(error, awsErrors.AWS_DENIED, awsErrors.AWS_UNAVAILABLE) && error instanceof Error ? error.cause : error
  if (isThrottled(seen)) return 'throttled'
  if (isClosedAccount(seen)) return 'closed'
  if (isDisabledRegion(seen)) return 'disabled'
  return isDenied(seen) ? 'denied' : 'failed'
}
