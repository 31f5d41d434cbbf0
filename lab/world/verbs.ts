import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { openDoors } from '../aws/doors.ts'
import { codeOf } from '../idp/people.ts'
import { describeWorld } from './describe.ts'
import { repository } from './folders.ts'
import type { LaptopReport } from './report.ts'
import { findWorld, isKeeper, type World } from './world-file.ts'

const STOP_WITHIN_MS = 30_000

function theWorld(): World | undefined {
  const world = findWorld()
  if (!world) console.error('the lab is not up: script/lab')
  return world
}

export async function printStatus(json: boolean): Promise<number> {
  const world = theWorld()
  if (!world) return 1
  const instances = await openDoors(world.aws).instances()
  const hosts = instances.map((one) => ({
    id: one.id,
    account: one.account,
    region: one.region,
    name: one.tags['Name'] ?? '',
    address: one.privateIp ?? '',
    state: one.state,
  }))
  if (json) console.log(JSON.stringify({ ...world, hosts }, undefined, 2))
  else {
    const named = hosts.map((host) => ({ ...host, name: `${host.name} (${host.state})` }))
    console.log(describeWorld({ ...world, hosts: named }))
  }
  return 0
}

/** Lines for a shell to evaluate. */
export function printEnv(): number {
  const world = theWorld()
  if (!world) return 1
  const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
  for (const [name, value] of Object.entries(world.env)) {
    console.log(name === 'PATH' ? `export PATH=${quote(value)}:"$PATH"` : `export ${name}=${quote(value)}`)
  }
  return 0
}

export function printTotp(name: string | undefined): number {
  const world = theWorld()
  if (!world) return 1
  const code = name === undefined ? undefined : codeOf(world.seed, name)
  if (code === undefined) {
    console.error(`whose? ${world.people.map((person) => person.name).join(', ')}`)
    return 64
  }
  console.log(code)
  return 0
}

/** A shell on the laptop of an engineer, in the world. */
export const enterLaptop = (): Promise<number> => onLaptop(({ shell }) => ['ip', ...shell])

/** Types what that person would into the browser that a sign-in on the laptop has opened. */
export const typeAs = (name = ''): Promise<number> =>
  onLaptop((laptop, { seed }) => [
    ...['ip', 'netns', 'exec', laptop.name],
    ...[process.execPath, join(repository, 'lab/tunnel/at-keyboard.ts'), laptop.home, seed, name],
  ])

async function onLaptop(command: (laptop: LaptopReport, world: World) => string[]): Promise<number> {
  const world = theWorld()
  if (!world) return 1
  if (!world.laptop) {
    console.error('there is no laptop in this world: it is of a --no-product')
    return 1
  }
  const namespaces = ['--target', String(world.firstProcess), '--mount', '--net', '--pid', '--ipc', '--uts']
  const child = spawn('nsenter', [...namespaces, ...command(world.laptop, world)], { stdio: 'inherit' })
  const [code]: (number | null)[] = await once(child, 'exit')
  return code ?? 1
}

export async function stopWorld(): Promise<number> {
  const world = findWorld()
  if (!world) return 0
  process.kill(world.pid, 'SIGTERM')
  const giveUpAt = Date.now() + STOP_WITHIN_MS
  while (isKeeper(world.pid, world.dir)) {
    if (Date.now() > giveUpAt) {
      console.error(`the lab's keeper, process ${world.pid}, does not end`)
      return 1
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  console.error('lab: ended')
  return 0
}
