import {
  CreateTagsCommand,
  DescribeInstancesCommand,
  EC2Client,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import type { Random } from '../../test/fixtures/random.ts'
import { type Organisation, REGIONS } from '../aws/organisation.ts'

export const WORKLOADS = ['workload-1', 'workload-2', 'workload-3'] as const

/** One instance as whoever made it knows it; times in ms since 1970. */
export type Life = {
  id: string
  where: string
  launchedAt: number
  /** Before TerminateInstances was called: from then on it may be missing. */
  endingAt?: number
  /** After the call had answered: from then on it is over. */
  endedAt?: number
}

export type Churn = ReturnType<typeof startChurn>

const MOST_ALIVE = 60

/** People and automation that launch, stop, start, tag and terminate instances of every account and region, by the stock SDK. */
export function startChurn(endpoint: string, organisation: Organisation, random: Random) {
  const clients = WORKLOADS.flatMap((name) =>
    REGIONS.map((region) => {
      const { id, credentials } = organisation.accounts[name]
      // Faults are for the product: whoever makes the changes must know that they were made.
      return { where: `${id}/${region}`, ec2: new EC2Client({ endpoint, region, credentials, maxAttempts: 10 }) }
    }),
  )
  const lives = new Map<string, Life>()
  const alive = () => [...lives.values()].filter((life) => life.endingAt === undefined)
  const clientOf = (life: Life) => clients.find((one) => one.where === life.where)?.ec2

  async function launch(): Promise<void> {
    const { where, ec2 } = random.pick(clients)
    const MaxCount = 1 + random.below(3)
    const tag = { Key: 'Name', Value: `chaos-${random.below(1_000)}` }
    const given = await ec2.send(
      new RunInstancesCommand({
        ImageId: 'ami-0a1a2023a1a2023a0',
        InstanceType: 't3.nano',
        MinCount: 1,
        MaxCount,
        TagSpecifications: [{ ResourceType: 'instance', Tags: [tag] }],
      }),
    )
    for (const { InstanceId: id = '' } of given.Instances ?? []) lives.set(id, { id, where, launchedAt: Date.now() })
  }

  async function terminate(life: Life): Promise<void> {
    life.endingAt = Date.now()
    await clientOf(life)?.send(new TerminateInstancesCommand({ InstanceIds: [life.id] }))
    life.endedAt = Date.now()
  }

  async function change(life: Life): Promise<void> {
    const ids = { InstanceIds: [life.id] }
    const Tags = [{ Key: 'Name', Value: `renamed-${random.below(1_000)}` }]
    const ec2 = clientOf(life)
    // An instance that is not in the right state for it refuses; nothing has changed then.
    const refused = (): undefined => undefined
    switch (random.below(3)) {
      case 0:
        return void (await ec2?.send(new CreateTagsCommand({ Resources: [life.id], Tags })))
      case 1:
        return void (await ec2?.send(new StopInstancesCommand(ids)).catch(refused))
      default:
        return void (await ec2?.send(new StartInstancesCommand(ids)).catch(refused))
    }
  }

  return {
    lives,
    /** One random change. */
    async step(): Promise<void> {
      const living = alive()
      const dice = random.below(10)
      if (living.length < 6 || (dice < 4 && living.length < MOST_ALIVE)) return launch()
      return dice < 7 ? terminate(random.pick(living)) : change(random.pick(living))
    },
    /** What AWS itself lists of every account and region: id → state. */
    async truth(): Promise<Map<string, string>> {
      const listed = new Map<string, string>()
      for (const { ec2 } of clients) {
        let NextToken: string | undefined
        do {
          const page = await ec2.send(new DescribeInstancesCommand({ NextToken, MaxResults: 100 }))
          for (const one of (page.Reservations ?? []).flatMap((reservation) => reservation.Instances ?? [])) {
            listed.set(one.InstanceId ?? '', one.State?.Name ?? '')
          }
          NextToken = page.NextToken
        } while (NextToken)
      }
      return listed
    },
  }
}
