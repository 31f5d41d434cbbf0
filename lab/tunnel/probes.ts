import type { LabDoors, LabInstance } from '../aws/doors.ts'
import { callJson } from '../aws/raw-call.ts'
import type { Hosts } from '../hosts/hosts.ts'
import { run } from '../world/commands.ts'
import type { Laptop } from './laptop.ts'
import type { ManagementVpc } from './management-vpc.ts'
import type { RunningUp } from './running-up.ts'
import type { TunnelJourneyOptions } from './tunnel-world.ts'

/** Of the engineer, by the account that it was made in. */
export const KEY = '/run/lab/engineer-key'

export const phases = (lines: RunningUp['lines']): string =>
  lines
    .map((line) => (line.event === 'step' ? `${line['name']} ${line['ms']} ms` : ''))
    .filter(Boolean)
    .join(', ')

export const isOpen = (laptop: Laptop, address: string | null, port: number): Promise<boolean> =>
  laptop.run('timeout', '2', 'bash', '-c', `exec 3<>/dev/tcp/${address}/${port}`).then(
    () => true,
    () => false,
  )

export async function refuses(laptop: Laptop, target: LabInstance, port: number): Promise<void> {
  if (await isOpen(laptop, target.privateIp, port)) throw new Error(`${target.privateIp}:${port} is open`)
}

export async function answers(laptop: Laptop, peer: LabInstance): Promise<void> {
  const address = peer.privateIp ?? ''
  await laptop.run('ping', '-c', '2', '-i', '0.2', '-W', '3', address)
  const marker = `marker-${Date.now()}`
  const said = await laptop.run(
    ...['ssh', '-i', `${KEY}-workload-1`, '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'],
    ...['-o', 'BatchMode=yes', '-o', 'LogLevel=ERROR', `ec2-user@${address}`, `echo ${marker} $(hostname)`],
  )
  if (!said.includes(`${marker} ip-${address.replaceAll('.', '-')}`)) throw new Error(`SSH said: ${said}`)
  if (!(await isOpen(laptop, address, 3389))) throw new Error(`${address}:3389 is closed`)
}

/** Packets for which the server's own rules had no way: IpExt InNoRoutes of proc(5) /proc/net/netstat. */
export async function refusals(hosts: Hosts, server: LabInstance): Promise<number> {
  const namespace = hosts.find(server.id)?.namespace ?? ''
  const text = await run('ip', ['netns', 'exec', namespace, 'cat', '/proc/net/netstat'])
  const [names = [], values = []] = text
    .split('\n')
    .filter((line) => line.startsWith('IpExt:'))
    .map((line) => line.split(' '))
  return Number(values[names.indexOf('InNoRoutes')])
}

export async function gone(lab: LabDoors, id: string): Promise<void> {
  await until(`end of ${id}`, async () => (await lab.instance(id)).state === 'terminated')
}

/** The server's address within the tunnel: the first of the four that the laptop's is the second of. */
export async function insideOf(laptop: Laptop, device: string): Promise<string> {
  const [shown]: { addr_info: { local: string }[] }[] = JSON.parse(
    await laptop.run('ip', '-j', '-4', 'addr', 'show', 'dev', device),
  )
  const [, start = '', last] = /^(.*\.)(\d+)$/.exec(shown?.addr_info[0]?.local ?? '') ?? []
  return `${start}${Number(last) - 1}`
}

/** What the server of a lease wrote about who is connected. */
export async function readRecords(
  { endpoint, organisation }: TunnelJourneyOptions,
  vpc: ManagementVpc,
  lease: string,
): Promise<Record<string, string>[]> {
  const target = { endpoint, region: vpc.region, credentials: organisation.accounts.shared.credentials }
  const place = { logGroupName: vpc.logGroup, logStreamName: lease }
  const answer = await callJson(target, 'logs', 'Logs_20140328.GetLogEvents', place).catch(() => '{"events":[]}')
  const { events }: { events: { message: string }[] } = JSON.parse(answer)
  return events.map(({ message }) => JSON.parse(message))
}

/** The process that holds the tunnel. */
export async function holderOf(laptop: Laptop): Promise<number> {
  const pids = (await run('ip', ['netns', 'pids', laptop.name])).trim().split('\n')
  for (const pid of pids) {
    const words = await run('cat', [`/proc/${pid}/cmdline`]).catch(() => '')
    if (words.includes('cli.js') && words.includes('\0up\0')) return Number(pid)
  }
  throw new Error(`nothing holds a tunnel on ${laptop.name}`)
}

export function expectEqual<T>(have: T, want: T, what: string): void {
  if (have !== want) throw new Error(`${what}: ${have}\ninstead of ${want}`)
}

export async function until(
  what: string,
  met: () => Promise<boolean>,
  withinMs = 20_000,
  everyMs = 100,
): Promise<void> {
  const giveUpAt = Date.now() + withinMs
  while (!(await met())) {
    if (Date.now() > giveUpAt) throw new Error(`no ${what} within ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
