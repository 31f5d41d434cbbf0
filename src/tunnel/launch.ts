import { randomBytes } from 'node:crypto'
import {
  DescribeInstancesCommand,
  type EC2Client,
  RunInstancesCommand,
  type RunInstancesCommandInput,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import { isRefusal, isRefusalAtOnce } from '../aws/ec2-refusal.ts'
import { isNotFound, isOutOfCapacity } from '../aws/error-sets.ts'
import type { Clock } from '../kernel/clock.ts'
import { askAws } from './ask-aws.ts'
import type { Environment, EnvironmentNetwork } from './environment.ts'
import { tunnelErrors } from './errors.ts'
import { type Lease, TAGS, tagsOf } from './lease.ts'

const IMAGES = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default'

/** Graviton families end their generation with `g`: t4g, c7gn (EC2 Instance Types guide, "Naming conventions"). */
const architectureOf = (type: string): 'arm64' | 'x86_64' => (/^[a-z]+\d+g/.test(type) ? 'arm64' : 'x86_64')

type Place = { type: string; subnet: string }

/** Every type in every subnet; the cheaper type everywhere before the next one. */
export const placesOf = (environment: Environment, network: EnvironmentNetwork): Place[] =>
  environment.instanceTypes.flatMap((type) => network.subnets.map((subnet) => ({ type, subnet })))

export function renderRequest(
  { lease, environment, network, userData }: LaunchOptions,
  { type, subnet }: Place,
): RunInstancesCommandInput {
  const Tags = tagsOf(lease)
  return {
    // Up to 64 ASCII characters, valid a day beyond the instance's end; one a place, because another place is another request.
    ClientToken: `${lease.id}-${randomBytes(6).toString('hex')}`,
    // EC2 itself looks the image up: no call of ours.
    ImageId: `resolve:ssm:${IMAGES}-${architectureOf(type)}`,
    InstanceType: type as NonNullable<RunInstancesCommandInput['InstanceType']>,
    MinCount: 1,
    MaxCount: 1,
    UserData: userData.toString('base64'),
    InstanceInitiatedShutdownBehavior: 'terminate',
    IamInstanceProfile: { Name: environment.instanceProfile },
    MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1, InstanceMetadataTags: 'enabled' },
    BlockDeviceMappings: [
      {
        DeviceName: '/dev/xvda',
        Ebs: { Encrypted: true, DeleteOnTermination: true, VolumeType: 'gp3', VolumeSize: 8 },
      },
    ],
    NetworkInterfaces: [
      {
        DeviceIndex: 0,
        SubnetId: subnet,
        Groups: [network.securityGroup],
        AssociatePublicIpAddress: true,
        DeleteOnTermination: true,
      },
    ],
    TagSpecifications: [
      { ResourceType: 'instance', Tags },
      { ResourceType: 'volume', Tags },
      { ResourceType: 'network-interface', Tags },
    ],
  }
}

export type LaunchOptions = {
  lease: Lease
  environment: Environment
  network: EnvironmentNetwork
  userData: Buffer
}

export type LaunchNotes = {
  /** Has the request on disk before it is sent. */
  remember(request: RunInstancesCommandInput): Promise<void>
  /** Nothing came of what was remembered. */
  forget(): Promise<void>
}

/** Tries each place in turn. */
export async function launch(
  ec2: EC2Client,
  options: LaunchOptions,
  notes: LaunchNotes,
  signal: AbortSignal,
): Promise<string> {
  const { environment, network, lease } = options
  for (const place of placesOf(environment, network)) {
    signal.throwIfAborted()
    const request = renderRequest(options, place)
    await notes.remember(request)
    const made = await askAws('ec2:RunInstances', lease.scope.account, () =>
      send(ec2, request).catch(async (error: unknown) => {
        if (isRefusalAtOnce(error)) await notes.forget()
        if (isOutOfCapacity(error)) return undefined
        throw error
      }),
    )
    if (made !== undefined) return made
  }
  throw tunnelErrors.TUNNEL_NO_CAPACITY({
    types: environment.instanceTypes.join(', '),
    subnets: network.subnets.join(', '),
    region: network.region,
  })
}

async function send(ec2: EC2Client, request: RunInstancesCommandInput): Promise<string> {
  const { Instances } = await ec2.send(new RunInstancesCommand(request))
  return Instances?.[0]?.InstanceId ?? ''
}

/** `at`: when EC2 gave the id, ms since 1970. */
export type Launched = { instanceId: string; at: number }

/**
 * The server of a launch whose reply nobody read: by its tag, or else by the same call again, which gives the server of the first call
 * or makes the one it would have made: it may be as young as the answer. Undefined when AWS refuses the call as it refused the first.
 */
export async function findLaunched(
  ec2: EC2Client,
  leaseId: string,
  requests: readonly RunInstancesCommandInput[],
  clock: Clock,
): Promise<Launched | undefined> {
  const tagged = await ec2.send(
    new DescribeInstancesCommand({ Filters: [{ Name: `tag:${TAGS.lease}`, Values: [leaseId] }] }),
  )
  const found = tagged.Reservations?.[0]?.Instances?.[0]?.InstanceId
  if (found !== undefined) return { instanceId: found, at: clock.now() }
  const last = requests.at(-1)
  if (last === undefined) return undefined
  try {
    return { instanceId: await send(ec2, last), at: clock.now() }
  } catch (error) {
    if (isRefusal(error)) return undefined
    throw error
  }
}

/** The SDK's waiter looks every 15 s. */
const LOOK_EVERY_MS = 500
const ADDRESS_WITHIN_MS = 120_000
/** EC2 may need minutes until all of it knows what it has made (EC2 Developer Guide, "Eventual consistency"), and knows for an hour what has ended. */
const YOUNG_MS = 300_000
const UNKNOWN_FOR_MS = 15_000

/** A server that AWS does not know any more is gone as well; a young one may be one that it does not know yet, and is asked for again. */
export async function terminate(ec2: EC2Client, { instanceId, at }: Launched, clock: Clock): Promise<void> {
  const begun = clock.now()
  const giveUpAt = begun - at < YOUNG_MS ? begun + UNKNOWN_FOR_MS : begun
  while (!(await endKnown(ec2, instanceId)) && clock.now() < giveUpAt) await clock.sleep(LOOK_EVERY_MS)
}

async function endKnown(ec2: EC2Client, instanceId: string): Promise<boolean> {
  try {
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [instanceId] }))
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

/** Waits for the public address only: what comes after `pending` is the business of the handshake. */
export async function waitForAddress(
  ec2: EC2Client,
  { instanceId, account }: { instanceId: string; account: string },
  clock: Clock,
  signal: AbortSignal,
): Promise<string> {
  const giveUpAt = clock.now() + ADDRESS_WITHIN_MS
  while (clock.now() < giveUpAt) {
    const instance = await askAws('ec2:DescribeInstances', account, () => describe(ec2, instanceId))
    if (instance?.PublicIpAddress !== undefined) return instance.PublicIpAddress
    const state = instance?.State?.Name
    if (state === 'terminated' || state === 'shutting-down') {
      throw tunnelErrors.TUNNEL_SERVER_LOST({ instance: instanceId, reason: instance?.StateReason?.Message ?? state })
    }
    await clock.sleep(LOOK_EVERY_MS, signal)
  }
  throw tunnelErrors.TUNNEL_SERVER_LOST({ instance: instanceId, reason: 'it was given no public address' })
}

/** EC2 may not know for a moment what it has just made. */
export async function describe(ec2: EC2Client, instanceId: string) {
  try {
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }))
    return Reservations?.[0]?.Instances?.[0]
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
