import { Aws } from 'aws-cdk-lib'
import type { ManagementVpcSettings } from '../management-vpc-settings.ts'

/** What servers are made of; an engineer may use no other. */
export type EngineerWorld = {
  subnetIds: readonly string[]
  securityGroupId: string
  serverRoleArn: string
  serverProfileArn: string
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of policies, for which IAM puts in who the session says it is
const person = '${aws:SourceIdentity}'

type Conditions = Record<string, Record<string, string | readonly string[]>>

/** Bytes are none of its business: a server needs what its image needs. */
const LARGEST_VOLUME_GB = '8'

/**
 * The whole policy of an engineer. Keys and resources of each action: Service Authorization Reference, "Actions, resources, and condition keys for
 * Amazon EC2"; RunInstances must be allowed on everything that it touches.
 */
export function engineerStatements(settings: ManagementVpcSettings, world: EngineerWorld) {
  const { environment, region, instanceTypes } = settings
  const own = (kind: string) => `arn:${Aws.PARTITION}:ec2:${region}:${Aws.ACCOUNT_ID}:${kind}`
  const allow = (Sid: string, Action: readonly string[], Resource: readonly string[], Condition?: Conditions) => ({
    ...{ Sid, Effect: 'Allow', Action, Resource },
    ...(Condition && { Condition }),
  })
  const tagged = {
    StringEquals: {
      'aws:RequestTag/enchilada:owner': person,
      'aws:RequestTag/enchilada:environment': environment,
    },
    StringLike: { 'aws:RequestTag/enchilada:lease': 'lease-*', 'aws:RequestTag/enchilada:until': '*' },
  }
  const theirs = {
    'aws:ResourceTag/enchilada:owner': person,
    'aws:ResourceTag/enchilada:environment': environment,
  }
  const run = ['ec2:RunInstances']
  return [
    allow('RunServer', run, [own('instance/*')], {
      ...tagged,
      StringEquals: {
        ...tagged.StringEquals,
        'ec2:InstanceType': instanceTypes,
        'ec2:MetadataHttpTokens': 'required',
      },
      NumericEquals: { 'ec2:MetadataHttpPutResponseHopLimit': '1' },
      ArnEquals: { 'ec2:InstanceProfile': world.serverProfileArn },
    }),
    allow('WithVolume', run, [own('volume/*')], {
      ...tagged,
      Bool: { 'ec2:Encrypted': 'true' },
      NumericLessThanEquals: { 'ec2:VolumeSize': LARGEST_VOLUME_GB },
    }),
    allow('WithNetworkInterface', run, [own('network-interface/*')], tagged),
    allow('InPublicSubnets', run, [
      ...world.subnetIds.map((id) => own(`subnet/${id}`)),
      own(`security-group/${world.securityGroupId}`),
    ]),
    allow('FromAmazonsImages', run, [`arn:${Aws.PARTITION}:ec2:${region}::image/*`], {
      StringEquals: { 'ec2:Owner': 'amazon' },
    }),
    // EC2 itself looks the image up, in the name of whoever launches.
    allow(
      'NameOfImage',
      ['ssm:GetParameters'],
      [`arn:${Aws.PARTITION}:ssm:${region}::parameter/aws/service/ami-amazon-linux-latest/*`],
    ),
    allow('TagAtLaunch', ['ec2:CreateTags'], ['instance/*', 'volume/*', 'network-interface/*'].map(own), {
      StringEquals: { 'ec2:CreateAction': 'RunInstances' },
    }),
    allow('HandServerItsRole', ['iam:PassRole'], [world.serverRoleArn], {
      StringEquals: { 'iam:PassedToService': 'ec2.amazonaws.com' },
    }),
    allow('Extend', ['ec2:CreateTags'], [own('instance/*')], {
      StringEquals: theirs,
      'ForAllValues:StringEquals': { 'aws:TagKeys': ['enchilada:until'] },
    }),
    allow('End', ['ec2:TerminateInstances'], [own('instance/*')], { StringEquals: theirs }),
    allow('Look', ['ec2:DescribeInstances', 'ec2:DescribeRouteTables'], ['*']),
    allow('PrefixLists', ['ec2:GetManagedPrefixListEntries'], [own('prefix-list/*')]),
  ]
}
