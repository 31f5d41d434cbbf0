import {
  CreateKeyPairCommand,
  DescribeInstancesCommand,
  EC2Client,
  GetConsoleOutputCommand,
  GetPasswordDataCommand,
  ModifyInstanceAttributeCommand,
  RunInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import { EC2InstanceConnectClient, SendSSHPublicKeyCommand } from '@aws-sdk/client-ec2-instance-connect'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { callQuery } from './raw-call.ts'
import { type Aws, startAws } from './start.ts'

const IMAGE = 'ami-0a1a2023a1a2023a0'

let aws: Aws
let ec2: EC2Client
let connect: EC2InstanceConnectClient

beforeAll(async () => {
  aws = await startAws({ pendingMs: 300, stoppingMs: 300, purgeMs: 1_000 })
  const credentials = { accessKeyId: 'AKIALABMANAGEMENT000', secretAccessKey: 'lab' }
  const common = { endpoint: aws.endpoint, region: 'eu-west-1', credentials, maxAttempts: 1 }
  ec2 = new EC2Client(common)
  connect = new EC2InstanceConnectClient(common)
})
afterAll(() => aws.stop())

const launch = async (more = {}) => {
  const asked = { ImageId: IMAGE, MinCount: 1, MaxCount: 1, ...more }
  return (await ec2.send(new RunInstancesCommand(asked))).Instances?.[0]?.InstanceId ?? ''
}

const stateOf = async (id: string) => {
  const given = await ec2.send(new DescribeInstancesCommand({ Filters: [{ Name: 'instance-id', Values: [id] }] }))
  return given.Reservations?.[0]?.Instances?.[0]?.State?.Name
}
const reach = (id: string, state: string | undefined) => expect.poll(() => stateOf(id), { timeout: 5_000 }).toBe(state)

test('a life takes its time and ends with the instance gone from listings', async () => {
  const id = await launch()
  expect(await stateOf(id)).toBe('pending')
  await reach(id, 'running')
  await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }))
  expect(await stateOf(id)).toBe('stopping')
  await reach(id, 'stopped')
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }))
  expect(await stateOf(id)).toBe('shutting-down')
  await reach(id, 'terminated')
  await reach(id, undefined)
})

test('what ended gives its address to the next, and not before', async () => {
  const first = await launch()
  const { privateIp } = await aws.lab.instance(first)
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [first] }))
  const meanwhile = await launch()
  await reach(first, 'terminated')
  expect((await aws.lab.instance(first)).privateIp).toBeNull()
  const then = await launch()
  expect((await aws.lab.instance(then)).privateIp).toBe(privateIp)
  expect((await aws.lab.instance(meanwhile)).privateIp).not.toBe(privateIp)
})

test('a host that powers off is stopped or terminated as its launch said', async () => {
  const stops = await launch()
  const ends = await launch({ InstanceInitiatedShutdownBehavior: 'terminate' })
  await reach(ends, 'running')
  await aws.lab.setInstanceState(stops, 'powered-off')
  await aws.lab.setInstanceState(ends, 'powered-off')
  await reach(stops, 'stopped')
  await reach(ends, 'terminated')
})

test('the world sees what it needs to make a host of an instance', async () => {
  await ec2.send(new CreateKeyPairCommand({ KeyName: 'ops', KeyType: 'ed25519' }))
  const id = await launch({ KeyName: 'ops', UserData: Buffer.from('#!/bin/sh\n').toString('base64') })
  const seen = await aws.lab.instance(id)
  expect(Buffer.from(seen.userData ?? '', 'base64').toString()).toBe('#!/bin/sh\n')
  expect(seen.publicKey).toMatch(/^ssh-ed25519 /)
  expect(seen).toMatchObject({ platform: 'linux', shutdownBehavior: 'stop', zone: 'eu-west-1a', keyName: 'ops' })
  expect((await aws.lab.instances('pending')).map((one) => one.id)).toContain(id)
})

test('console and password are what the host posted', async () => {
  const id = await launch()
  expect((await ec2.send(new GetConsoleOutputCommand({ InstanceId: id }))).Output).toBeUndefined()
  await aws.lab.putConsole(id, 'login: ünïcode')
  const { Output } = await ec2.send(new GetConsoleOutputCommand({ InstanceId: id }))
  expect(Buffer.from(Output ?? '', 'base64').toString()).toBe('login: ünïcode')
  await aws.lab.putPassword(id, 'c2VjcmV0')
  expect((await ec2.send(new GetPasswordDataCommand({ InstanceId: id }))).PasswordData).toBe('c2VjcmV0')
})

test('EC2 Instance Connect hands a key to a running instance alone', async () => {
  const id = await launch()
  const SSHPublicKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE5lSm0000000000000000000000000000000000000000 session'
  const send = () =>
    connect.send(new SendSSHPublicKeyCommand({ InstanceId: id, InstanceOSUser: 'ec2-user', SSHPublicKey }))
  await expect(send()).rejects.toMatchObject({ name: 'EC2InstanceStateInvalidException' })
  await reach(id, 'running')
  await send()
  expect(await aws.lab.sentKeys(id, 'ubuntu')).toEqual([])
  const [sent] = await aws.lab.sentKeys(id, 'ec2-user')
  expect(sent?.key).toBe(SSHPublicKey)
  expect((sent?.until ?? 0) - (sent?.at ?? 0)).toBe(60)
})

test('an instance with a profile is given a session of its role', async () => {
  const target = {
    endpoint: aws.endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'AKIALABMANAGEMENT000', secretAccessKey: 'lab' },
  }
  const iam = (params: Record<string, string>) => callQuery(target, 'iam', { Version: '2010-05-08', ...params })
  await iam({ Action: 'CreateRole', RoleName: 'host', AssumeRolePolicyDocument: '{"Statement":[]}' })
  await iam({ Action: 'CreateInstanceProfile', InstanceProfileName: 'host' })
  await iam({ Action: 'AddRoleToInstanceProfile', InstanceProfileName: 'host', RoleName: 'host' })
  const id = await launch({ IamInstanceProfile: { Name: 'host' } })
  expect(await aws.lab.credentials(await launch())).toBeNull()
  const given = await aws.lab.credentials(id)
  const credentials = { accessKeyId: given?.accessKeyId ?? '', secretAccessKey: given?.secretAccessKey ?? '' }
  const identity = await callQuery({ ...target, credentials }, 'sts', {
    Action: 'GetCallerIdentity',
    Version: '2011-06-15',
  })
  expect(identity).toContain(`:assumed-role/host/${id}`)
})

test('a listing shows at once what another call changed', async () => {
  const id = await launch()
  const look = async () =>
    (await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }))).Reservations?.[0]?.Instances?.[0]
      ?.SourceDestCheck
  expect(await look()).toBe(true)
  await ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: id, SourceDestCheck: { Value: false } }))
  expect(await look()).toBe(false)
})
