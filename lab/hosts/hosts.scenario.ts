import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import {
  CreateKeyPairCommand,
  EC2Client,
  GetConsoleOutputCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import { EC2InstanceConnectClient, SendSSHPublicKeyCommand } from '@aws-sdk/client-ec2-instance-connect'
import { makeOrganisation } from '../aws/organisation.ts'
import { startAws } from '../aws/start.ts'
import { run } from '../world/commands.ts'
import { maskedFolders, repository } from '../world/folders.ts'
import { openUplink, proveCounters, readLeaks } from '../world/uplink.ts'
import { startHosts } from './hosts.ts'

/** Runs inside a world, drives one host through its life with stock tools, and prints what it saw as JSON. */

const userData = `#!/bin/bash
(umask 077; echo "I am $(id -un) on $(hostname)" >/etc/first-boot)
useradd -m pat && echo pat:secret | chpasswd
echo 'PasswordAuthentication yes' >/etc/ssh/sshd_config.d/60-passwords.conf
systemctl reload sshd
`
const region = 'eu-west-1'
const work = '/run/lab'
await openUplink()
const aws = await startAws()
const organisation = await makeOrganisation(aws.endpoint)
const { credentials, networks } = organisation.accounts['workload-1']
const ec2 = new EC2Client({ endpoint: aws.endpoint, region, credentials })
const connect = new EC2InstanceConnectClient({ endpoint: aws.endpoint, region, credentials })
const hosts = startHosts({
  lab: aws.lab,
  awsPort: aws.port,
  disks: `${work}/disks`,
  masked: maskedFolders(),
  log: (text) => console.error(text),
})

const pair = await ec2.send(new CreateKeyPairCommand({ KeyName: 'lab' }))
writeFileSync(`${work}/key`, pair.KeyMaterial ?? '', { mode: 0o600 })

async function launch(more: { PrivateIpAddress?: string } = {}) {
  const given = await ec2.send(
    new RunInstancesCommand({
      ImageId: 'ami-0a1a2023a1a2023a0',
      InstanceType: 't3.nano',
      MinCount: 1,
      MaxCount: 1,
      KeyName: 'lab',
      UserData: Buffer.from(userData).toString('base64'),
      InstanceInitiatedShutdownBehavior: 'terminate',
      SubnetId: networks[region]?.subnetId,
      ...more,
    }),
  )
  const id = given.Instances?.[0]?.InstanceId ?? ''
  const host = await hosts.waitFor(id, 30_000)
  return { id, host, address: (await aws.lab.instance(id)).privateIp ?? '' }
}

const ssh = (address: string, command: string, key = `${work}/key`) =>
  run('ssh', [
    ...['-i', key, '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'BatchMode=yes'],
    ...['-o', 'LogLevel=ERROR', '-o', 'ConnectTimeout=3', `ec2-user@${address}`, command],
  ]).catch((error: Error) => `failed: ${error.message}`)

async function until(met: () => Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    if (await met()) return true
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return false
}

const startedAt = Date.now()
const first = await launch()
const bootMs = Date.now() - startedAt
await proveCounters(hosts.vpcs()[0]?.namespace ?? '')

const metadata = 'http://169.254.169.254/latest'
const inside = await ssh(
  first.address,
  [
    'whoami',
    'id -u',
    'hostname',
    'sudo -n cat /etc/first-boot',
    `ls -A ${repository} 2>/dev/null | wc -l`,
    `curl -s -o /dev/null -w '%{http_code}\\n' ${metadata}/meta-data/instance-id`,
    `curl -s -H "X-aws-ec2-metadata-token: $(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' ${metadata}/api/token)" ${metadata}/meta-data/instance-id`,
  ].join('; '),
)
await ssh(first.address, 'echo marked-0815 >/tmp/marker')

await run('ssh-keygen', ['-q', '-N', '', '-t', 'ed25519', '-f', `${work}/other`])
const stranger = await ssh(first.address, 'echo in', `${work}/other`)
await connect.send(
  new SendSSHPublicKeyCommand({
    InstanceId: first.id,
    InstanceOSUser: 'ec2-user',
    SSHPublicKey: readFileSync(`${work}/other.pub`, 'utf8'),
  }),
)
const invited = await ssh(first.address, 'echo in', `${work}/other`)

writeFileSync(`${work}/secret`, '#!/bin/sh\necho secret\n', { mode: 0o700 })
const password = await run(
  'ssh',
  [
    ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR'],
    ...['-o', 'PreferredAuthentications=password', `pat@${first.address}`, 'id -u'],
  ],
  { env: { ...process.env, SSH_ASKPASS: `${work}/secret`, SSH_ASKPASS_REQUIRE: 'force' } },
)

let consoleText = ''
await until(async () => {
  const got = await ec2.send(new GetConsoleOutputCommand({ InstanceId: first.id }))
  consoleText = Buffer.from(got.Output ?? '', 'base64').toString()
  return consoleText.includes('-----END SSH HOST KEY KEYS-----')
})
const scan = async (address: string) =>
  (await run('ssh-keyscan', ['-t', 'ed25519', address]))
    .split('\n')
    .find((line) => line.includes('ssh-ed25519'))
    ?.split(' ')[2] ?? 'none'
const firstKey = await scan(first.address)
const markerOnDisk = readFileSync(first.host.pathOf('/tmp/marker'), 'utf8').trim()

await ssh(first.address, 'sudo -n shutdown -h now')
const terminated = await until(async () => (await aws.lab.instance(first.id)).state === 'terminated')
const gone = await until(async () => hosts.find(first.id) === undefined)

const second = await launch({ PrivateIpAddress: first.address })
const secondKey = await scan(second.address)
await ec2.send(new TerminateInstancesCommand({ InstanceIds: [second.id] }))
await until(async () => hosts.find(second.id) === undefined)
const afterwards = await ssh(second.address, 'echo in')

const leaks = await readLeaks()
await hosts.stop()
await aws.stop()
console.log(
  JSON.stringify({
    bootMs,
    id: first.id,
    address: first.address,
    inside: inside.split('\n'),
    markerOnDisk,
    stranger: stranger.startsWith('failed'),
    invited: invited.trim(),
    passwordUser: Number(password),
    keyOnConsole: consoleText.includes(firstKey),
    terminated,
    gone,
    sameAddress: second.address === first.address,
    otherKey: secondKey !== firstKey,
    afterwards: afterwards.startsWith('failed'),
    diskKept: existsSync(second.host.pathOf('/tmp')),
    leaks,
  }),
)
