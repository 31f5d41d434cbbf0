import { join } from 'node:path'
import type { LabDoors, LabInstance } from '../aws/doors.ts'
import { run } from './commands.ts'
import { repository } from './folders.ts'

/** The AWS command line of the lab's own environment, with the world's profiles. */
export const toolsFolder = join(repository, '.tools/venv/bin')

export const awsCli = (env: NodeJS.ProcessEnv, ...args: string[]): Promise<string> =>
  run(join(toolsFolder, 'aws'), args, { env: { ...env, PATH: process.env['PATH'], AWS_PAGER: '' }, timeoutMs: 30_000 })

export type Launch = { profile: string; region: string; image: string; name: string; tags?: Record<string, string> }

/** Hosts of two accounts and regions. The journey's own is the first. */
export const firstLaunches: readonly Launch[] = [
  {
    profile: 'workload-1',
    region: 'eu-west-1',
    image: 'ami-0a1a2023a1a2023a0',
    name: 'web-1',
    tags: { Environment: 'prod' },
  },
  {
    profile: 'workload-1',
    region: 'eu-west-1',
    image: 'ami-0d0d0012d0d0012d0',
    name: 'db-1',
    tags: { Environment: 'prod' },
  },
  {
    profile: 'workload-2',
    region: 'us-east-1',
    image: 'ami-0b0b2404b0b2404b0',
    name: 'batch-1',
    tags: { Environment: 'test' },
  },
]

export async function launchHost(env: NodeJS.ProcessEnv, lab: LabDoors, launch: Launch): Promise<LabInstance> {
  const tags = Object.entries({ Name: launch.name, ...launch.tags }).map(([Key, Value]) => ({ Key, Value }))
  const id = await awsCli(
    env,
    ...['ec2', 'run-instances', '--profile', launch.profile, '--region', launch.region],
    ...['--image-id', launch.image, '--instance-type', 't3.nano'],
    ...['--tag-specifications', JSON.stringify([{ ResourceType: 'instance', Tags: tags }])],
    ...['--query', 'Instances[0].InstanceId', '--output', 'text'],
  )
  return lab.instance(id.trim())
}

export const terminateHost = (env: NodeJS.ProcessEnv, profile: string, region: string, id: string): Promise<string> =>
  awsCli(env, 'ec2', 'terminate-instances', '--profile', profile, '--region', region, '--instance-ids', id)
