import {
  CreateTagsCommand,
  DescribeInstancesCommand,
  EC2Client,
  RunInstancesCommand,
  StartInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeOrganisation, type Organisation } from './organisation.ts'
import { type Aws, startAws } from './start.ts'

const IMAGE = 'ami-0a1a2023a1a2023a0'

let aws: Aws
let organisation: Organisation

beforeAll(async () => {
  aws = await startAws()
  organisation = await makeOrganisation(aws.endpoint)
})
afterAll(() => aws.stop())
beforeEach(() => aws.lab.setFaults([]))

const ec2Of = (name: keyof Organisation['accounts'], region = 'eu-west-1') =>
  new EC2Client({
    endpoint: aws.endpoint,
    region,
    credentials: organisation.accounts[name].credentials,
    maxAttempts: 1,
  })

const launch = async (ec2: EC2Client, count = 1, more = {}) => {
  const given = await ec2.send(
    new RunInstancesCommand({ ImageId: IMAGE, InstanceType: 't3.nano', MinCount: 1, MaxCount: count, ...more }),
  )
  return (given.Instances ?? []).map((instance) => instance.InstanceId ?? '')
}

const nameOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: Error) => error.name,
  )

describe('launching', () => {
  test('as many as asked for, each with an address of the account', async () => {
    const ids = await launch(ec2Of('workload-1'), 3)
    expect(ids).toHaveLength(3)
    const seen = await aws.lab.instance(ids[0] ?? '')
    expect(seen.account).toBe(organisation.accounts['workload-1'].id)
    expect(seen.vpc?.cidr).toBe(organisation.accounts['workload-1'].networks['eu-west-1']?.vpcCidr)
  })

  test('a repeated client token gives the first launch, with other words it is refused', async () => {
    const ec2 = ec2Of('workload-1')
    const first = await launch(ec2, 1, { ClientToken: 'once' })
    expect(await launch(ec2, 1, { ClientToken: 'once' })).toEqual(first)
    expect(await nameOf(launch(ec2, 2, { ClientToken: 'once' }))).toBe('IdempotentParameterMismatch')
  })

  test('unknown image, key pair and dry run have EC2 codes', async () => {
    const ec2 = ec2Of('workload-1')
    expect(await nameOf(launch(ec2, 1, { ImageId: 'ami-00000000' }))).toBe('InvalidAMIID.NotFound')
    expect(await nameOf(launch(ec2, 1, { KeyName: 'nobody' }))).toBe('InvalidKeyPair.NotFound')
    expect(await nameOf(launch(ec2, 1, { DryRun: true }))).toBe('DryRunOperation')
  })
})

describe('listing', () => {
  test('pages count instances, and their tokens hold while others come and go', async () => {
    const ec2 = ec2Of('workload-2')
    const ids = await launch(ec2, 12)
    const first = await ec2.send(new DescribeInstancesCommand({ MaxResults: 5 }))
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: ids.slice(0, 1) }))
    await launch(ec2, 1)
    const token = first.NextToken
    const second = await ec2.send(new DescribeInstancesCommand({ MaxResults: 5, ...(token && { NextToken: token }) }))
    const listed = [first, second].map((page) =>
      (page.Reservations ?? []).flatMap((one) => (one.Instances ?? []).map((instance) => instance.InstanceId)),
    )
    expect(listed).toEqual([ids.slice(0, 5), ids.slice(5, 10)])
  })

  test('an ended instance cannot start again', async () => {
    const ec2 = ec2Of('workload-2')
    const [id = ''] = await launch(ec2)
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }))
    expect(await nameOf(ec2.send(new StartInstancesCommand({ InstanceIds: [id] })))).toBe('IncorrectInstanceState')
  })

  test('a stale read does not know a new instance, the next read does', async () => {
    const ec2 = ec2Of('workload-2')
    const [id = ''] = await launch(ec2)
    await aws.lab.setFaults([{ action: 'DescribeInstances', stale_ms: 60_000, count: 1 }])
    const look = () => ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }))
    expect(await nameOf(look())).toBe('InvalidInstanceID.NotFound')
    expect(await nameOf(look())).toBe('no error')
  })
})

describe('faults', () => {
  test('strike the account they name, as often as they say', async () => {
    await aws.lab.setFaults([
      {
        action: 'DescribeInstances',
        account: organisation.accounts['workload-3'].id,
        code: 'RequestLimitExceeded',
        status: 503,
        count: 1,
      },
    ])
    const look = (name: 'workload-1' | 'workload-3') => nameOf(ec2Of(name).send(new DescribeInstancesCommand({})))
    expect(await look('workload-1')).toBe('no error')
    expect(await look('workload-3')).toBe('RequestLimitExceeded')
    expect(await look('workload-3')).toBe('no error')
  })
})

test('tags and their change are told', async () => {
  const ec2 = ec2Of('workload-3')
  const [id = ''] = await launch(ec2)
  await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: 'Name', Value: 'db' }] }))
  const { recent } = await aws.lab.events()
  const told = recent.filter((event) => JSON.stringify(event).includes(id)).map((event) => event['detail-type'])
  expect(told).toEqual([
    'EC2 Instance State-change Notification',
    'EC2 Instance State-change Notification',
    'AWS API Call via CloudTrail',
    'Tag Change on Resource',
    'AWS API Call via CloudTrail',
  ])
})
