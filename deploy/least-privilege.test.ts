import { beforeAll, describe, expect, test } from 'vitest'
import { guacamoleSettings, plainSettings, synthesise } from '../test/fixtures/stacks.ts'
import { listSources, readSource } from '../test/house/ladder.ts'

/** Clients of the SDK, as policies call their services. */
const services: Readonly<Record<string, string>> = { 'cloudwatch-logs': 'logs', 'secrets-manager': 'secretsmanager' }

/** Calls that another action allows: batches, and S3, which names permissions differently from its API. */
const allowedBy: Readonly<Record<string, string>> = {
  'sqs:DeleteMessageBatch': 'sqs:DeleteMessage',
  'sqs:SendMessageBatch': 'sqs:SendMessage',
  'sqs:ChangeMessageVisibilityBatch': 'sqs:ChangeMessageVisibility',
  's3:ListObjectsV2': 's3:ListBucket',
  's3:ListObjectVersions': 's3:ListBucketVersions',
  's3:HeadObject': 's3:GetObject',
}

/** What rides along with a call, and what AWS's own services do with a role. */
const withoutCall = [
  'sts:SetSourceIdentity',
  's3:GetObjectVersion',
  'kms:GenerateDataKey',
  'kms:Decrypt',
  'events:PutEvents',
  'sqs:GetQueueAttributes',
  'sqs:GetQueueUrl',
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
]

/** Made with the engineer's own credentials, not with a role of these stacks. */
const onLaptops = ['src/tunnel/', 'src/aws-login/', 'src/cli/', 'src/aws/engineer.ts', 'src/aws/federated-role.ts']

const imports = /import\s+\{([^}]*)\}\s+from\s+'@aws-sdk\/client-([a-z0-9-]+)'/g

/** Every call to AWS that the product's servers can make, as the action that allows it. */
function calledActions(): Set<string> {
  const called = new Set<string>()
  const files = listSources(process.cwd(), ['src']).filter((file) => !file.endsWith('.test.ts'))
  for (const file of files.filter((one) => !onLaptops.some((folder) => one.startsWith(folder)))) {
    for (const [, names = '', client = ''] of readSource(process.cwd(), file).matchAll(imports)) {
      for (const [, command, paginated] of names.matchAll(/\b(?:([A-Z]\w+)Command|paginate([A-Z]\w+))\b/g)) {
        const action = `${services[client] ?? client}:${command ?? paginated}`
        called.add(allowedBy[action] ?? action)
      }
    }
  }
  return called
}

type Statement = { Effect: string; Action: string | string[] }
type Document = { PolicyDocument: { Statement: Statement[] } }

/** By role: actions that its policies allow. */
const granted = new Map<string, Set<string>>()

beforeAll(() => {
  for (const settings of [plainSettings, guacamoleSettings]) {
    const stacks = synthesise(settings)
    for (const name of ['EnchiladaShared', 'EnchiladaDirectory', 'EnchiladaWorkload']) {
      for (const [id, { Properties }] of Object.entries(stacks.template(name).findResources('AWS::IAM::Role'))) {
        const attached = stacks.properties(name, 'AWS::IAM::Policy').filter(({ Roles }) => Roles[0].Ref === id)
        const documents: Document[] = [...(Properties.Policies ?? []), ...attached]
        const allowed = documents
          .flatMap((one) => one.PolicyDocument.Statement)
          .filter((one) => one.Effect === 'Allow')
          .flatMap((one) => one.Action)
        granted.set(id, new Set([...(granted.get(id) ?? []), ...allowed]))
      }
    }
  }
})

describe('roles', () => {
  test('may do what the code calls', () => {
    const all = new Set([...granted.values()].flatMap((one) => [...one]))
    expect([...calledActions()].filter((action) => !all.has(action))).toEqual([])
  })

  test('may do nothing that no line of code calls', () => {
    const called = new Set([...calledActions(), ...withoutCall])
    const surplus = [...granted].flatMap(([role, allowed]) =>
      [...allowed].filter((action) => !called.has(action)).map((action) => `${role}: ${action}`),
    )
    expect(surplus).toEqual([])
  })

  test('never a whole service', () => {
    expect([...granted.values()].flatMap((one) => [...one]).filter((action) => action.includes('*'))).toEqual([])
  })
})
