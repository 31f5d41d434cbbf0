import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { type AccountName, type Organisation, REGIONS } from '../aws/organisation.ts'
import { callJson, callQuery, type RawTarget } from '../aws/raw-call.ts'

/**
 * What `cdk deploy` of deploy/ makes in each account, by single calls: events of every account and region to the shared bus, from
 * there to a queue, and the roles. It goes when the stacks are deployed instead.
 */
export type Wiring = { queueUrl: string; portalRole: string; homeRegion: string }

export const HOME_REGION = REGIONS[0]
const pattern = JSON.stringify({ source: ['aws.ec2', 'aws.tag'] })
const workloads: AccountName[] = ['workload-1', 'workload-2', 'workload-3', 'shared', 'management']

export async function wireAccounts(endpoint: string, organisation: Organisation): Promise<Wiring> {
  const shared = organisation.accounts.shared
  const at = (name: AccountName, region: string): RawTarget => ({
    endpoint,
    region,
    credentials: organisation.accounts[name].credentials,
  })
  const sharedBus = `arn:aws:events:${HOME_REGION}:${shared.id}:event-bus/default`
  const portalRole = `arn:aws:iam::${shared.id}:role/EnchiladaPortal`

  await makeRole(at('shared', HOME_REGION), 'EnchiladaPortal', trust({ AWS: `arn:aws:iam::${shared.id}:root` }), [
    allow(
      ['sts:AssumeRole', 'sts:SetSourceIdentity'],
      [
        'arn:aws:iam::*:role/EnchiladaRead',
        'arn:aws:iam::*:role/EnchiladaConnect',
        'arn:aws:iam::*:role/EnchiladaDirectory',
      ],
    ),
    allow(['sqs:*'], ['*']),
  ])
  const trustedByWorkloads = trust({ AWS: portalRole })
  await makeRole(at('management', HOME_REGION), 'EnchiladaDirectory', trustedByWorkloads, [
    allow(['organizations:ListAccounts', 'organizations:DescribeOrganization'], ['*']),
  ])
  for (const name of workloads) {
    await makeRole(at(name, HOME_REGION), 'EnchiladaRead', trustedByWorkloads, [
      allow(['ec2:DescribeInstances', 'ec2:DescribeRegions'], ['*']),
    ])
    await makeRole(at(name, HOME_REGION), 'EnchiladaConnect', trustedByWorkloads, [
      allow(
        [
          'ec2:DescribeInstances',
          'ec2:DescribeImages',
          'ec2:GetConsoleOutput',
          'ec2:GetPasswordData',
          'ec2-instance-connect:SendSSHPublicKey',
        ],
        ['*'],
      ),
    ])
    await makeRole(at(name, HOME_REGION), 'EnchiladaEvents', trust({ Service: 'events.amazonaws.com' }), [
      allow(['events:PutEvents'], [sharedBus]),
    ])
  }

  const queueUrl = await makeQueue(endpoint, shared.credentials)
  const queueArn = `arn:aws:sqs:${HOME_REGION}:${shared.id}:enchilada-events`
  await putRule(at('shared', HOME_REGION), 'enchilada', { Id: 'queue', Arn: queueArn })
  await callJson(at('shared', HOME_REGION), 'events', 'AWSEvents.PutPermission', {
    EventBusName: 'default',
    Policy: JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'organisation',
          Effect: 'Allow',
          Principal: '*',
          Action: 'events:PutEvents',
          Resource: sharedBus,
          Condition: { StringEquals: { 'aws:PrincipalOrgID': organisation.id } },
        },
      ],
    }),
  })
  for (const name of workloads) {
    for (const region of REGIONS) {
      if (name === 'shared' && region === HOME_REGION) continue
      const role = `arn:aws:iam::${organisation.accounts[name].id}:role/EnchiladaEvents`
      await putRule(at(name, region), 'enchilada', { Id: 'shared-bus', Arn: sharedBus, RoleArn: role })
    }
  }
  return { queueUrl, portalRole, homeRegion: HOME_REGION }
}

const allow = (Action: string[], Resource: string[]) => ({ Effect: 'Allow', Action, Resource })

const trust = (Principal: Record<string, string>) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal, Action: ['sts:AssumeRole', 'sts:SetSourceIdentity', 'sts:TagSession'] }],
})

async function makeRole(target: RawTarget, name: string, trusted: unknown, statements: unknown[]): Promise<void> {
  const common = { Version: '2010-05-08', RoleName: name }
  await callQuery(target, 'iam', {
    ...common,
    Action: 'CreateRole',
    AssumeRolePolicyDocument: JSON.stringify(trusted),
    MaxSessionDuration: '43200',
  })
  await callQuery(target, 'iam', {
    ...common,
    Action: 'PutRolePolicy',
    PolicyName: 'enchilada',
    PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
  })
}

async function putRule(target: RawTarget, name: string, to: Record<string, string>): Promise<void> {
  await callJson(target, 'events', 'AWSEvents.PutRule', { Name: name, EventPattern: pattern, State: 'ENABLED' })
  await callJson(target, 'events', 'AWSEvents.PutTargets', { Rule: name, Targets: [to] })
}

async function makeQueue(endpoint: string, credentials: RawTarget['credentials']): Promise<string> {
  const sqs = new SQSClient({ endpoint, region: HOME_REGION, credentials, useQueueUrlAsEndpoint: false })
  const made = await sqs.send(new CreateQueueCommand({ QueueName: 'enchilada-events' }))
  const QueueUrl = made.QueueUrl ?? ''
  const read = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }))
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: read.Attributes?.['QueueArn'],
      },
    ],
  })
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }))
  return QueueUrl
}
