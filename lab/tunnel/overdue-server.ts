import { EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2'
import type { LabDoors } from '../aws/doors.ts'
import type { Organisation } from '../aws/organisation.ts'
import { callJson } from '../aws/raw-call.ts'
import type { Wiring } from '../world/deploy-stacks.ts'
import type { Product } from '../world/product.ts'
import type { Steps } from '../world/report.ts'
import { gone, until } from './probes.ts'

export type OverdueOptions = {
  endpoint: string
  organisation: Organisation
  lab: LabDoors
  product: Product
  wiring: Wiring
  /** The reaper is a function. */
  lambda: boolean
}

const LEASE = 'lease-00000000000d'

/** A server of a laptop and a guest that both died, two minutes beyond its time: the standing reaper ends it, and says so in its trail. */
export async function overdueIsEnded({ step }: Steps, options: OverdueOptions): Promise<void> {
  const { lab, lambda } = options
  const server = await step('a tunnel server beyond its time, of nobody', () => launchOverdue(options))
  await step('the standing reaper ends it', async () => {
    if (lambda) await lab.fireSchedules('Reaper')
    await gone(lab, server)
  })
  await step('and its trail says so', () =>
    until(`a record of the end of ${server}`, async () => (await trailOf(options)).includes(server)),
  )
}

async function launchOverdue({ endpoint, organisation, wiring, lab }: OverdueOptions): Promise<string> {
  const { networks }: { networks: { region: string; subnets: string[] }[] } = JSON.parse(wiring.environment ?? '{}')
  const [network] = networks
  const { credentials } = organisation.accounts.shared
  const ec2 = new EC2Client({ endpoint, region: wiring.homeRegion, credentials })
  const tags = {
    'enchilada:lease': LEASE,
    'enchilada:environment': 'lab',
    'enchilada:owner': 'nobody',
    'enchilada:until': String(Math.floor(Date.now() / 1000) - 120),
  }
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
  const { Instances } = await ec2.send(
    new RunInstancesCommand({
      ...{ ImageId: 'ami-0a1a2023a1a2023a0', InstanceType: 't3.nano', MinCount: 1, MaxCount: 1 },
      ...{ SubnetId: network?.subnets[0], TagSpecifications: [{ ResourceType: 'instance', Tags }] },
    }),
  )
  const id = Instances?.[0]?.InstanceId ?? ''
  await until(`run of ${id}`, async () => (await lab.instance(id)).state !== 'pending')
  return id
}

/** Records of ends: in the chain of whoever reaps. */
async function trailOf({ endpoint, organisation, product, wiring, lambda }: OverdueOptions): Promise<string> {
  if (!lambda) return product.cli('audit', 'list', '--kind', 'tunnel.ended', '--json')
  const target = { endpoint, region: wiring.homeRegion, credentials: organisation.accounts.shared.credentials }
  const place = { logGroupName: '/enchilada/trail/tunnel/lab', filterPattern: '"tunnel.ended"' }
  return callJson(target, 'logs', 'Logs_20140328.FilterLogEvents', place)
}
