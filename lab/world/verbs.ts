import { openDoors } from '../aws/doors.ts'
import { codeOf } from '../idp/people.ts'
import { describeWorld } from './describe.ts'
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
