import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { LabDoors } from '../aws/doors.ts'
import type { Hosts } from '../hosts/hosts.ts'
import type { LabGuacamole } from '../world/guacamole.ts'
import type { Product } from '../world/product.ts'
import type { Steps } from '../world/report.ts'
import { type Launch, launchHost, terminateHost } from '../world/stock-tools.ts'
import { watchRecording } from './auditor.ts'
import { keepPictures, openBrowser, visit } from './browser.ts'
import { connect, endSession, seesHost, seesHostGone, typeCommand } from './engineer.ts'
import { signIn } from './sign-in.ts'

export type JourneyOptions = {
  portal: string
  seed: string
  dir: string
  env: NodeJS.ProcessEnv
  lab: LabDoors
  hosts: Hosts
  product: Product
  guacamole?: LabGuacamole
}

export type JourneyResult = {
  session: string
  recording: Record<string, unknown>
  trail: Record<string, unknown>
}

const launch: Launch = {
  profile: 'workload-1',
  region: 'eu-west-1',
  image: 'ami-0a1a2023a1a2023a0',
  name: 'journey',
  tags: { Environment: 'prod' },
}

/**
 * What the product is for, from one end to the other: an instance starts and appears, an engineer works on it in the browser,
 * an auditor watches what was done, the trail and the recording are verified, and the instance goes.
 */
export async function runJourney({ step }: Steps, options: JourneyOptions): Promise<JourneyResult> {
  const { portal, seed, env, lab, hosts, product, guacamole } = options
  const browser = await step('browser', openBrowser)
  const ada = await visit(browser, 'ada')
  const audrey = await visit(browser, 'audrey')
  try {
    await step('engineer signs in', () => signIn(ada, portal, seed))
    await step('engineer sees the hosts', () => seesHost(ada, 'web-1'))
    const { id, privateIp } = await step('an instance is started with the aws command line', () =>
      launchHost(env, lab, launch),
    )
    const address = privateIp ?? ''
    await step('its row appears in the open page', () => seesHost(ada, launch.name))
    if (guacamole) {
      await step('engineers may open it in Guacamole’s tables', () =>
        until(`${address} for engineers`, async () => (await guacamole.readersOf(address))?.join() === 'engineer'),
      )
    }
    await step('its host has booted', () => hosts.waitFor(id))
    const shell = await step('engineer opens a shell', () => connect(ada, launch.name))

    const marker = `marker-${randomBytes(6).toString('hex')}`
    await step('what is typed arrives on the host', async () => {
      await typeCommand(shell, `echo ${marker} > /tmp/${marker}`)
      await until(
        `${marker} on the host's disk`,
        () => read(hosts.find(id)?.pathOf(`/tmp/${marker}`))?.trim() === marker,
      )
    })
    await step('engineer ends the session', () => endSession(shell))
    await step('a host of another image lets its own user in', async () => {
      await ada.page.goto(portal)
      await endSession(await connect(ada, 'db-1'))
    })
    const session = await step('the recording is sealed', () => findSession(product, id))
    await step('auditor signs in', () => signIn(audrey, portal, seed))
    await step('auditor watches the recording and sees the command', () => watchRecording(audrey, launch.name, marker))
    const recording = await step('recording verified', () => verify(product, 'recordings', 'verify', session))
    const trail = await step('trail verified', () => verifyTrail(product, new Date().toISOString()))

    await ada.page.goto(portal)
    await seesHost(ada, launch.name)
    await step('the instance is terminated', () => terminateHost(env, launch.profile, launch.region, id))
    await step('its row is gone from the open page', () => seesHostGone(ada, launch.name))
    if (guacamole) {
      await step('it is gone from Guacamole’s tables', () =>
        until(`end of ${address}`, async () => (await guacamole.readersOf(address)) === undefined),
      )
    }
    return { session, recording, trail }
  } catch (error) {
    const kept = await keepPictures([ada, audrey], `${options.dir}/pictures`)
    throw new Error(`${error instanceof Error ? error.message : error}\npictures: ${kept.join(', ')}`, { cause: error })
  } finally {
    await browser.close()
  }
}

/** The recording of the only session there was on an instance, as soon as it is sealed. */
async function findSession(product: Product, instanceId: string): Promise<string> {
  let found: string | undefined
  await until(`a sealed recording of ${instanceId}`, async () => {
    const { recordings }: Listed = JSON.parse(await product.cli('recordings', 'list', '--json'))
    found = recordings.find((one) => one.sealed && one.instanceId === instanceId)?.id
    return found !== undefined
  })
  return found ?? ''
}

/** What the command line says of recordings, as far as it is read here. */
type Listed = { recordings: { id: string; instanceId: string; sealed: boolean }[] }

async function verify(product: Product, ...args: string[]): Promise<Record<string, unknown>> {
  const result: Record<string, unknown> = JSON.parse(await product.cli(...args, '--json'))
  if (result['ok'] !== true) throw new Error(`${args.join(' ')}: ${JSON.stringify(result)}`)
  return result
}

/** Everything until `moment` is signed and as it was written. */
async function verifyTrail(product: Product, moment: string): Promise<Record<string, unknown>> {
  let found: Record<string, unknown> = {}
  await until(`checkpoint after ${moment}`, async () => {
    // The first checkpoint may still be to come: until then the command says that nothing is signed, and fails.
    found = await verify(product, 'audit', 'verify').catch((error: Error) => ({ failed: error.message }))
    return String(found['coveredUntil'] ?? '') > moment
  }).catch((error: unknown) => {
    throw new Error(`${error}: ${JSON.stringify(found)}`, { cause: error })
  })
  return found
}

function read(path: string | undefined): string | undefined {
  try {
    return path && readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

async function until(what: string, met: () => boolean | Promise<boolean>, withinMs = 15_000): Promise<void> {
  const giveUpAt = Date.now() + withinMs
  while (!(await met())) {
    if (Date.now() > giveUpAt) throw new Error(`no ${what} within ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
