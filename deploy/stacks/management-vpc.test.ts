import { beforeAll, describe, expect, test } from 'vitest'
import { management, type Synthesised, synthesise, tunnelSettings, workload } from '../../test/fixtures/stacks.ts'

const STACK = 'EnchiladaManagementVpc-customer-a'
const SAML = 'EnchiladaManagementVpc-customer-b'

let stacks: Synthesised
beforeAll(() => {
  stacks = synthesise(tunnelSettings)
})
const made = (type: string, stack = STACK) => stacks.properties(stack, type)
const role = (name: string, stack = STACK) => made('AWS::IAM::Role', stack).find((one) => one['RoleName'] === name)

describe('the management VPC', () => {
  test('has public subnets alone, each in a zone of its own, that give no address unasked', () => {
    for (const [stack, zones] of [
      [STACK, 2],
      [SAML, 3],
    ] as const) {
      const subnets = made('AWS::EC2::Subnet', stack)
      expect(new Set(subnets.map((one) => JSON.stringify(one['AvailabilityZone']))).size).toBe(zones)
      expect(subnets.map((one) => one['MapPublicIpOnLaunch'])).toEqual(Array(zones).fill(false))
      expect(made('AWS::EC2::NatGateway', stack)).toEqual([])
      const open = made('AWS::EC2::Route', stack).filter((one) => one['DestinationCidrBlock'] === '0.0.0.0/0')
      expect(open.map((one) => Object.keys(one['GatewayId']))).toEqual(Array(zones).fill(['Ref']))
    }
  })

  test('lets the ports of both engines in, and nothing else', () => {
    const [group] = made('AWS::EC2::SecurityGroup')
    const rules: { IpProtocol: string; FromPort: number; ToPort: number }[] = group?.['SecurityGroupIngress']
    expect(rules.map((one) => `${one.IpProtocol} ${one.FromPort}-${one.ToPort}`)).toEqual([
      'udp 51820-51820',
      'udp 443-443',
      'tcp 443-443',
    ])
  })

  test('is peered, with the way there from every subnet and the way back from every table', () => {
    const peerings = made('AWS::EC2::VPCPeeringConnection')
    const accepter = {
      'Fn::Join': ['', expect.arrayContaining([`:iam::${workload}:role/EnchiladaPeering-customer-a`])],
    }
    expect(peerings).toMatchObject([
      { PeerVpcId: 'vpc-01', PeerOwnerId: management },
      { PeerVpcId: 'vpc-02', PeerOwnerId: workload, PeerRoleArn: accepter },
      { PeerVpcId: 'vpc-03', PeerOwnerId: workload, PeerRegion: 'us-east-1', PeerRoleArn: accepter },
    ])
    expect(peerings[0]).not.toHaveProperty('PeerRoleArn')
    const leads = made('AWS::EC2::Route').filter((one) => one['VpcPeeringConnectionId'])
    expect(leads.map((one) => one['DestinationCidrBlock']).filter((one) => typeof one === 'string')).toEqual(
      ['10.1.0.0/16', '10.2.0.0/16', '10.3.0.0/16'].flatMap((cidr) => [cidr, cidr]),
    )
    expect(leads.filter((one) => one['RouteTableId'] === 'rtb-01')).toHaveLength(1)
    const back = stacks.template('EnchiladaPeer-customer-a-vpc-02').findResources('AWS::EC2::Route')
    expect(Object.values(back)).toMatchObject(
      ['rtb-02', 'rtb-03'].map((RouteTableId) => ({
        Condition: 'Peered',
        Properties: { RouteTableId, DestinationCidrBlock: '10.200.0.0/24' },
      })),
    )
    // One role accepts for an account, whatever region its VPCs are in.
    expect(made('AWS::IAM::Role', 'EnchiladaPeer-customer-a-vpc-02')).toHaveLength(1)
    expect(made('AWS::IAM::Role', 'EnchiladaPeer-customer-a-vpc-03')).toEqual([])
  })

  test('its servers may write to the one log group', () => {
    const groups = Object.entries(stacks.template(STACK).findResources('AWS::Logs::LogGroup'))
    const [connections] =
      groups.find(([, one]) => one['Properties'].LogGroupName === '/enchilada/tunnel/customer-a') ?? []
    const ids = Object.entries(stacks.template(STACK).findResources('AWS::IAM::Role'))
    const [server] = ids.find(([, one]) => one['Properties'].RoleName === 'EnchiladaTunnelServer-customer-a') ?? []
    const policies = made('AWS::IAM::Policy').filter(({ Roles }) => Roles[0].Ref === server)
    expect(policies.map(({ PolicyDocument }) => PolicyDocument.Statement)).toEqual([
      [
        {
          Effect: 'Allow',
          Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
          Resource: { 'Fn::GetAtt': [connections, 'Arn'] },
        },
      ],
    ])
    expect(role('EnchiladaTunnelServer-customer-a')).not.toHaveProperty('ManagedPolicyArns')
  })

  test('its logs are kept, and go with no stack', () => {
    for (const one of Object.values(stacks.template(STACK).findResources('AWS::Logs::LogGroup'))) {
      expect(one).toMatchObject({ DeletionPolicy: 'Retain', Properties: { RetentionInDays: expect.any(Number) } })
    }
  })

  test('admits engineers only in somebody’s name: of another account, or of its SAML provider', () => {
    const trust = (name: string, stack: string) => role(name, stack)?.['AssumeRolePolicyDocument'].Statement
    expect(trust('EnchiladaTunnelEngineer-customer-a', STACK)).toMatchObject([
      { Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'], Condition: { StringLike: { 'sts:SourceIdentity': '*' } } },
    ])
    const [provider] = Object.keys(stacks.template(SAML).findResources('AWS::IAM::SAMLProvider'))
    expect(trust('EnchiladaTunnelEngineer-customer-b', SAML)).toMatchObject([
      {
        Principal: { Federated: { 'Fn::GetAtt': [provider, 'Arn'] } },
        Action: ['sts:AssumeRoleWithSAML', 'sts:SetSourceIdentity', 'sts:TagSession'],
        Condition: {
          StringEquals: { 'saml:aud': expect.arrayContaining(['https://signin.aws.amazon.com/saml']) },
          StringLike: { 'sts:SourceIdentity': '*' },
        },
      },
    ])
  })

  test('has its reaper before its first server: a function on a schedule, or a role for the portal', () => {
    const [reaper] = made('AWS::Lambda::Function')
    expect(reaper).toMatchObject({ ReservedConcurrentExecutions: 1, Runtime: 'nodejs24.x' })
    expect(made('AWS::Events::Rule')).toMatchObject([{ ScheduleExpression: 'rate(5 minutes)', State: 'ENABLED' }])
    expect(made('AWS::Lambda::Function', SAML)).toEqual([])
    expect(role('EnchiladaTunnelReaper-customer-b', SAML)?.['AssumeRolePolicyDocument'].Statement).toMatchObject([
      {
        Condition: {
          ArnEquals: { 'aws:PrincipalArn': [expect.anything()] },
          StringLike: { 'sts:SourceIdentity': '*' },
        },
      },
      { Action: 'sts:SetSourceIdentity' },
    ])
    // Only roles of environments that are left to `serve`.
    const portal = JSON.stringify(stacks.properties('EnchiladaShared', 'AWS::IAM::Policy'))
    expect(portal).toContain('role/EnchiladaTunnelReaper-customer-b')
    expect(portal).not.toContain('role/EnchiladaTunnelReaper-customer-a')
  })

  test('alarms when a server outlives every limit, and when the reaper fails or is silent', () => {
    const names = (stack: string) => made('AWS::CloudWatch::Alarm', stack).map((one) => one['AlarmName'])
    const of = (environment: string, ...alarms: string[]) =>
      alarms.map((one) => `enchilada-tunnel-${environment}-${one}`)
    expect(names(STACK).sort()).toEqual(of('customer-a', 'outlived', 'reaper-errors', 'reaper-silent'))
    expect(names(SAML)).toEqual(of('customer-b', 'outlived'))
    const silent = made('AWS::CloudWatch::Alarm').find((one) => one['AlarmName'].endsWith('reaper-silent'))
    expect(silent).toMatchObject({
      TreatMissingData: 'breaching',
      ComparisonOperator: 'LessThanThreshold',
      Period: 900,
    })
    const outlived = made('AWS::CloudWatch::Alarm').find((one) => one['AlarmName'].endsWith('outlived'))
    expect(outlived?.['Threshold']).toBeGreaterThan(12 * 3600)
  })
})
