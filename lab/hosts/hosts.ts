import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { LabDoors, LabInstance } from '../aws/doors.ts'
import { type Host, startHost } from './host.ts'
import { createInternet } from './public-addresses.ts'
import { createVpcs } from './vpcs.ts'

export type HostsOptions = {
  lab: LabDoors
  /** Where AWS listens on the world's loopback: hosts reach it too. */
  awsPort: number
  disks: string
  masked: readonly string[]
  /** ms between two looks at what AWS says is running. */
  everyMs?: number
  log(text: string): void
}

export type Hosts = ReturnType<typeof startHosts>

// Two cores boot few hosts at once; the rest wait their turn.
const BOOTS_AT_ONCE = 4

/** Keeps the hosts as AWS says they should be: every running instance has one, whoever started it; no other has. */
export function startHosts({ lab, awsPort, disks, masked, everyMs = 150, log }: HostsOptions) {
  /** What was last seen, by instance id. */
  let instances = new Map<string, LabInstance>()
  const up = new Map<string, Promise<Host>>()
  const running = new Map<string, Host>()
  /** Hosts that ended or would not start, by the count of changes at which they did: not tried again before the next. */
  const over = new Map<string, number>()
  /** The count of changes at which a host was booted: another one means that it was stopped and started since. */
  const bootedAt = new Map<string, number>()
  const consoles = new Map<string, string>()
  let sequence = 0
  let stopped = false
  let pass: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined

  const vpcs = createVpcs(
    (vpcId) => ({
      find: (address) =>
        [...instances.values()].find(
          (one) => one.vpc?.id === vpcId && one.privateIp === address && (one.state === 'running' || up.has(one.id)),
        ),
      sentKeys: (id, user) => lab.sentKeys(id, user),
      credentials: (id) => lab.credentials(id),
    }),
    awsPort,
  )
  const publish = createInternet(vpcs)
  const options = { vpcs, disks, masked, onConsole: (id: string, text: string) => void consoles.set(id, text) }

  async function boot(instance: LabInstance): Promise<Host> {
    sequence += 1
    const host = await startHost(instance, sequence, options)
    running.set(instance.id, host)
    void host.ended.then(async (end) => {
      log(`${instance.id} ended: ${end}`)
      over.set(instance.id, instances.get(instance.id)?.changes ?? instance.changes)
      if (end !== 'crashed') await lab.setInstanceState(instance.id, 'powered-off').catch((error) => log(String(error)))
    })
    return host
  }

  async function takeDown(id: string): Promise<void> {
    const host = await up.get(id)?.catch(() => undefined)
    await host?.takeDown().catch((error) => log(`${id}: ${error}`))
    up.delete(id)
    running.delete(id)
  }

  async function reconcile(): Promise<void> {
    const seen = new Map((await lab.instances()).map((one) => [one.id, one]))
    instances = seen
    await publish([...seen.values()])
    // Down before up: an address may already belong to the next.
    const stale = [...up.keys()].filter((id) => {
      const instance = seen.get(id)
      return instance?.state !== 'running' || instance.changes !== bootedAt.get(id)
    })
    await Promise.all(stale.map(takeDown))
    for (const [id, instance] of seen) {
      if (instance.state === 'terminated' && consoles.delete(id)) {
        rmSync(join(disks, id), { recursive: true, force: true })
      }
    }
    const wanted = [...seen.values()].filter(
      (one) =>
        one.state === 'running' && one.platform === 'linux' && !up.has(one.id) && over.get(one.id) !== one.changes,
    )
    await inTurns(wanted, BOOTS_AT_ONCE, async (instance) => {
      bootedAt.set(instance.id, instance.changes)
      const starting = boot(instance)
      up.set(instance.id, starting)
      await starting.catch((error) => {
        log(`${instance.id} did not start: ${error}`)
        up.delete(instance.id)
        over.set(instance.id, instance.changes)
      })
    })
    await postConsoles()
  }

  const posted = new Map<string, string>()
  async function postConsoles(): Promise<void> {
    for (const [id, text] of consoles) {
      if (posted.get(id) === text || !instances.has(id)) continue
      posted.set(id, text)
      await lab.putConsole(id, text).catch((error) => log(`${id}: ${error}`))
    }
  }

  const loop = () => {
    pass = reconcile().catch((error) => log(`hosts: ${error}`))
    void pass.then(() => {
      if (!stopped) timer = setTimeout(loop, everyMs)
    })
  }
  loop()

  return {
    vpcs: () => vpcs.list(),
    list: () => [...running.values()],
    find: (id: string) => running.get(id),
    /** Resolves when the host's boot is over; rejects after `withinMs`. */
    async waitFor(id: string, withinMs = 60_000): Promise<Host> {
      const giveUpAt = Date.now() + withinMs
      while (Date.now() < giveUpAt) {
        const host = running.get(id)
        if (host) {
          const late = new Promise<'late'>((resolve) => setTimeout(resolve, giveUpAt - Date.now(), 'late').unref())
          if ((await Promise.race([host.booted, late])) !== 'late') return host
          break
        }
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      throw new Error(`${id} did not boot within ${withinMs} ms\n${running.get(id)?.console() ?? '(no console)'}`)
    },
    async stop(): Promise<void> {
      stopped = true
      clearTimeout(timer)
      await pass
      await Promise.all([...up.keys()].map(takeDown))
      vpcs.stop()
    },
  }
}

async function inTurns<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items]
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
}
