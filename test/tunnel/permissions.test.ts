import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import {
  CreateManagedPrefixListCommand,
  CreateRouteCommand,
  CreateTagsCommand,
  DescribeRouteTablesCommand,
  type EC2Client,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEngineer } from '../../src/aws/engineer.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { renderRequest } from '../../src/tunnel/launch.ts'
import { type OpenTunnel, openTunnel, scopeOf } from '../../src/tunnel/open-tunnel.ts'
import { signInAs } from '../fixtures/management-vpc.ts'
import { openStage } from './stage.ts'

/** Debian's, not Amazon's. */
const FOREIGN_IMAGE = 'ami-0d0d0012d0d0012d0'

/**
 * What the engineer role of deploy/ may do, and what the commands ask: the emulator decides each call by the deployed policy, with the resources and
 * condition keys that AWS documents, and says which statement allowed it.
 */
let stage: Awaited<ReturnType<typeof openStage>>
let folder: string
let environment: NodeJS.ProcessEnv
beforeAll(async () => {
  stage = await openStage()
  folder = mkdtempSync(join(tmpdir(), 'enchilada-permissions-'))
  writeFileSync(join(folder, 'lab.yaml'), stage.text)
  environment = { ...process.env, HOME: folder, ENCHILADA_ENVIRONMENTS: join(folder, 'lab.yaml') }
  for (const name of Object.keys(environment)) if (name.startsWith('XDG_')) delete environment[name]
}, 60_000)
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await stage.close()
})

const enchilada = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(resolve('script/enchilada'), [...args, '--json'], {
    env: environment,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`enchilada ${args.join(' ')} ended with ${status}\n${stdout}${stderr}`)
}

async function up(): Promise<OpenTunnel> {
  const { parts, signal } = stage.laptop({})
  return openTunnel(parts, stage.wish, signal)
}

/** A prefix list in the first route table: its networks are asked for by `up` and `explain`. */
async function addPrefixList(): Promise<void> {
  const admin = stage.administrator
  const { PrefixList } = await admin.send(
    new CreateManagedPrefixListCommand({
      ...{ PrefixListName: 'branches', AddressFamily: 'IPv4', MaxEntries: 5 },
      Entries: [{ Cidr: '10.77.0.0/16' }],
    }),
  )
  const Filters = [{ Name: 'association.subnet-id', Values: [stage.wish.network.subnets[0] ?? ''] }]
  const { RouteTables } = await admin.send(new DescribeRouteTablesCommand({ Filters }))
  const peering = RouteTables?.[0]?.Routes?.find((route) => route.VpcPeeringConnectionId)
  await admin.send(
    new CreateRouteCommand({
      RouteTableId: RouteTables?.[0]?.RouteTableId,
      DestinationPrefixListId: PrefixList?.PrefixListId,
      VpcPeeringConnectionId: peering?.VpcPeeringConnectionId,
    }),
  )
}

test('the emulator made everything of the stacks but alarms, which are asserted on the template', async () => {
  expect(await stage.aws.lab.ignoredResources()).toEqual(['AWS::CloudWatch::Alarm'])
})

test('every command can do its work with it, and no statement of it is there for nothing', async () => {
  await addPrefixList()
  await stage.aws.lab.resetPermissions()
  const first = await up()
  enchilada('status')
  enchilada('list')
  enchilada('explain', 'lab', '10.77.0.1')
  enchilada('explain', 'lab', 'ip-10-77-0-1.eu-west-1.compute.internal')
  enchilada('extend', 'lab', '2h')
  await first.close('asked')
  const second = await up()
  enchilada('gc', '--mine')
  await second.close('asked')

  const asked = (await stage.aws.lab.permissions()).filter(({ role }) => role.endsWith('EnchiladaTunnelEngineer-lab'))
  expect(asked.filter(({ allowed }) => !allowed)).toEqual([])
  const used = new Set(asked.map(({ action, sid }) => `${sid} ${action}`))
  expect([...used].sort()).toEqual(stage.grants('EnchiladaTunnelEngineer-lab'))
}, 120_000)

describe('an engineer may not', () => {
  const asAda = async (): Promise<EC2Client> => {
    const { network, environment: own } = stage.wish
    return createEngineer({ clock: systemClock, profile: undefined }).ec2(scopeOf(own, network), own.role)
  }
  const refused = async (work: Promise<unknown>) =>
    work.then(
      () => 'allowed',
      (error: Error) => error.name,
    )

  test('start a server of another kind, elsewhere, for somebody else, or that could read more', async () => {
    const ec2 = await asAda()
    const { environment: own, network } = stage.wish
    const lease = (owner: string) => ({
      ...{ id: 'lease-0123456789ab', environment: own.name, scope: scopeOf(own, network), owner },
      ...{ startedAt: 0, until: 1, leased: ['10.0.0.0/8'] },
    })
    const subnet = network.subnets[0] ?? ''
    const usual = renderRequest(
      { lease: lease('ada'), environment: own, network, userData: Buffer.alloc(0) },
      { type: 't3.nano', subnet },
    )
    const ofEve = renderRequest(
      { lease: lease('eve'), environment: own, network, userData: Buffer.alloc(0) },
      { type: 't3.nano', subnet },
    )
    const elsewhere = stage.organisation.accounts.shared.networks[network.region]?.subnetId
    const card = usual.NetworkInterfaces?.[0]
    const disk = usual.BlockDeviceMappings?.[0]
    const variants = {
      'another type': { InstanceType: 'p5.48xlarge' },
      'another subnet': { NetworkInterfaces: [{ ...card, SubnetId: elsewhere }] },
      'another profile': { IamInstanceProfile: { Name: 'Administrators' } },
      'no profile': { IamInstanceProfile: undefined },
      'metadata by version 1': { MetadataOptions: { HttpTokens: 'optional' } },
      'a hop more': { MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 2 } },
      'an open disk': { BlockDeviceMappings: [{ ...disk, Ebs: { ...disk?.Ebs, Encrypted: false } }] },
      'a large disk': { BlockDeviceMappings: [{ ...disk, Ebs: { ...disk?.Ebs, VolumeSize: 1_000 } }] },
      'another image': { ImageId: FOREIGN_IMAGE },
      'no tags': { TagSpecifications: [] },
      'tags of the instance alone': { TagSpecifications: usual.TagSpecifications?.slice(0, 1) },
      'tags of somebody else': { TagSpecifications: ofEve.TagSpecifications },
    } as const
    const answers: Record<string, string> = {}
    for (const [name, change] of Object.entries(variants)) {
      const request = new RunInstancesCommand({ ...usual, ClientToken: undefined, ...change } as typeof usual)
      answers[name] = await refused(ec2.send(request))
    }
    expect(answers).toEqual(Object.fromEntries(Object.keys(variants).map((name) => [name, 'UnauthorizedOperation'])))
    const { Instances } = await ec2.send(new RunInstancesCommand(usual))
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [Instances?.[0]?.InstanceId ?? ''] }))
  })

  test('extend, tag or end what is not theirs', async () => {
    const server = await up()
    const mine = [server.instanceId]
    const tag = (Key: string) => new CreateTagsCommand({ Resources: mine, Tags: [{ Key, Value: 'x' }] })
    const ada = await asAda()
    expect(await refused(ada.send(tag('enchilada:owner')))).toBe('UnauthorizedOperation')
    expect(await refused(ada.send(tag('enchilada:until')))).toBe('allowed')
    Object.assign(process.env, await signInAs('eve', stage))
    const eve = await asAda()
    expect(await refused(eve.send(tag('enchilada:until')))).toBe('UnauthorizedOperation')
    expect(await refused(eve.send(new TerminateInstancesCommand({ InstanceIds: mine })))).toBe('UnauthorizedOperation')
    Object.assign(process.env, await signInAs('ada', stage))
    await server.close('asked')
  })
})
