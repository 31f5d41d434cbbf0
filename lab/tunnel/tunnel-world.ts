import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { CreateKeyPairCommand, EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2'
import type { LabDoors, LabInstance } from '../aws/doors.ts'
import type { LabAccount } from '../aws/organisation.ts'
import type { Hosts } from '../hosts/hosts.ts'
import { installProduct } from '../world/customer.ts'
import type { Steps } from '../world/report.ts'
import { connectNetworks } from '../world/uplink.ts'
import { type Laptop, makeLaptop } from './laptop.ts'
import { ENVIRONMENTS, laptopVariables, signedOut } from './laptop-variables.ts'
import { type ManagementVpc, type ManagementVpcOptions, makeManagementVpc } from './management-vpc.ts'
import { openSession } from './open-session.ts'
import { KEY } from './probes.ts'
import type { SignInAt } from './sign-in.ts'

export type TunnelJourneyOptions = ManagementVpcOptions & {
  awsPort: number
  signIn: SignInAt
  lab: LabDoors
  hosts: Hosts
}

const REGION = 'eu-west-1'
const servesRdpPort = '#!/bin/bash\nsetsid python3 -m http.server 3389 --directory /var/empty >/dev/null 2>&1 &\n'

export type TunnelWorld = {
  vpc: ManagementVpc
  peer: LabInstance
  stranger: LabInstance
  /** Without a person nobody has signed in there yet. */
  makeLaptop(n: number, person: string | undefined): Promise<Laptop>
}

/** A management VPC, a host in a VPC that is peered with it, one in a VPC that is not, and laptops with the product installed. */
export async function makeTunnelWorld({ step }: Steps, options: TunnelJourneyOptions): Promise<TunnelWorld> {
  const { endpoint, awsPort, organisation, lab } = options
  await step('product packed and unpacked', installProduct, (tarball) => tarball)
  const vpc = await step('management VPC, peered and routed both ways, by cdk', () => makeManagementVpc(options))
  await step(
    'what the emulator did not make of it',
    () => lab.ignoredResources(),
    (types) => `${types.join(', ') || 'nothing'}; asserted on the templates instead`,
  )
  const peer = await step('a host in the peered VPC', () => launchTarget(options, organisation.accounts['workload-1']))
  const stranger = await step('a host in a VPC that is not peered', () =>
    launchTarget(options, organisation.accounts['workload-3']),
  )
  writeEnvironment('lab', vpc.environment)
  await connectNetworks(vpc.cidr, vpc.peeredCidr)
  const laptopOf = async (n: number, person: string | undefined) =>
    makeLaptop(
      n,
      awsPort,
      person === undefined
        ? signedOut(awsPort)
        : {
            ...laptopVariables(awsPort),
            ...(await openSession(endpoint, organisation.accounts.management, { role: 'People', name: person })),
          },
    )
  return { vpc, peer, stranger, makeLaptop: laptopOf }
}

/** Adds what a stack printed to the environments that every laptop has, whole or not at all: others read them meanwhile. */
export function writeEnvironment(name: string, environment: string): void {
  mkdirSync(ENVIRONMENTS, { recursive: true })
  writeFileSync(`${ENVIRONMENTS}/${name}.new`, environment)
  // JSON is YAML.
  renameSync(`${ENVIRONMENTS}/${name}.new`, `${ENVIRONMENTS}/${name}.yaml`)
}

export async function launchTarget(
  { endpoint, lab, hosts }: TunnelJourneyOptions,
  account: LabAccount,
  { userData = servesRdpPort, ...place }: { SubnetId?: string; PrivateIpAddress?: string; userData?: string } = {},
): Promise<LabInstance> {
  const ec2 = new EC2Client({ endpoint, region: REGION, credentials: account.credentials })
  const key = `${KEY}-${account.name}`
  if (!existsSync(key)) {
    const { KeyMaterial = '' } = await ec2.send(new CreateKeyPairCommand({ KeyName: 'engineer', KeyType: 'ed25519' }))
    writeFileSync(key, KeyMaterial, { mode: 0o600 })
  }
  const { Instances } = await ec2.send(
    new RunInstancesCommand({
      ImageId: 'ami-0a1a2023a1a2023a0',
      InstanceType: 't3.nano',
      MinCount: 1,
      MaxCount: 1,
      KeyName: 'engineer',
      UserData: Buffer.from(userData).toString('base64'),
      SubnetId: account.networks[REGION]?.subnetId,
      ...place,
    }),
  )
  const id = Instances?.[0]?.InstanceId ?? ''
  await hosts.waitFor(id)
  return lab.instance(id)
}
