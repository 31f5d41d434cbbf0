import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EC2Client } from '@aws-sdk/client-ec2'
import { makeOrganisation } from '../../lab/aws/organisation.ts'
import { type Aws, startAws } from '../../lab/aws/start.ts'
import { createEngineer } from '../../src/aws/engineer.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import type { AuditEvent } from '../../src/model/audit-event.ts'
import type { EngineName } from '../../src/tunnel/engines/engine.ts'
import { environmentSchema } from '../../src/tunnel/environment.ts'
import { type Journal, openJournal } from '../../src/tunnel/journal.ts'
import type { LocalNetworkDoor } from '../../src/tunnel/network-document.ts'
import { openTunnel, type TunnelParts, type TunnelWish } from '../../src/tunnel/open-tunnel.ts'
import { networkIn } from '../../src/tunnel/read-environment.ts'
import { settle } from '../../src/tunnel/settle.ts'
import { readReach } from '../../src/tunnel/way.ts'
import { deployManagementVpc, signInAs } from '../fixtures/management-vpc.ts'

/** What may go wrong on the laptop's side, by what is being done. */
export type LaptopFaults = {
  /** The n-th write of the journal fails, and every later one: the disk is full. */
  journalFrom?: number
  door?: 'up' | 'down'
  /** The n-th record of the trail is refused. */
  trailFrom?: number
  /** What it remembers of the route tables: nothing, what they say, or what they said once. */
  knows?: 'truth' | 'the past'
  /** Ctrl-C when this step begins. */
  interruptAt?: string
  /** SIGKILL just before or just after one of the things that it does, by what it does it to. */
  dies?: Death
}

export type Death = { when: 'before' | 'after'; to: 'journal' | 'trail' | 'network' | 'AWS'; n: number }

/** Everything of `up` but the packets: the emulator's AWS, a real journal, a network of this machine that only remembers. */
export async function openStage() {
  const aws: Aws = await startAws()
  const organisation = await makeOrganisation(aws.endpoint)
  const settings = { instanceTypes: ['t4g.nano', 't3.nano'], names: ['corp.example'] }
  const { text, stacks } = await deployManagementVpc({ endpoint: aws.endpoint, organisation, settings })
  Object.assign(process.env, await signInAs('ada', { endpoint: aws.endpoint, organisation }))
  const environment = environmentSchema.parse(JSON.parse(text))
  const network = networkIn(environment, undefined)
  const wish: TunnelWish = { environment, network, to: [], ttl: undefined, dns: true }

  const { shared } = organisation.accounts
  const target = { endpoint: aws.endpoint, region: network.region, credentials: shared.credentials }
  const administrator = new EC2Client(target)
  const truth = await readReach(administrator, network)
  const past = truth.filter(({ hop }) => hop === 'vpc')

  function laptop(faults: LaptopFaults) {
    const folder = mkdtempSync(join(tmpdir(), 'tunnel-'))
    const stop = new AbortController()
    const trail: AuditEvent[] = []
    const devices = new Set<string>()
    const onDisk = openJournal(folder)
    const first = startProcess({ faults, onDisk, trail, devices, stop })
    return {
      ...first,
      folder,
      trail,
      devices,
      onDisk,
      /** The same machine with nothing wrong, after its process ended. */
      restart() {
        first.kill()
        return startProcess({ faults: {}, onDisk, trail, devices, stop }).parts
      },
      signal: stop.signal,
      remove: () => rmSync(folder, { recursive: true }),
    }
  }

  type Machine = {
    faults: LaptopFaults
    onDisk: Journal
    trail: AuditEvent[]
    devices: Set<string>
    stop: AbortController
  }

  function startProcess({ faults, onDisk, trail, devices, stop }: Machine) {
    let writes = 0
    let records = 0
    const { dies } = faults
    const done = { journal: 0, trail: 0, network: 0, AWS: 0 }
    let isDead = false
    let die: () => void = () => {}
    const dead = new Promise<void>((resolve) => {
      die = resolve
    })
    const forEver = () => new Promise<never>(() => {})
    const kill = () => {
      isDead = true
      die()
    }
    /** What is dead does nothing more, whatever it was doing, and nobody hears of it. */
    async function mortal<T>(to: Death['to'], work: () => Promise<T>): Promise<T> {
      if (isDead) return forEver()
      done[to] += 1
      const n = done[to]
      const now = (when: Death['when']) => dies?.when === when && dies.to === to && dies.n === n && !isDead
      if (now('before')) kill()
      else {
        const [outcome] = await Promise.allSettled([work()])
        if (now('after')) kill()
        if (!isDead && outcome.status === 'fulfilled') return outcome.value
        if (!isDead && outcome.status === 'rejected') throw outcome.reason
      }
      return forEver()
    }
    const engineer = createEngineer({ clock: systemClock, profile: undefined })
    const journal: Journal = {
      ...onDisk,
      async write(entry) {
        writes += 1
        if (faults.journalFrom !== undefined && writes >= faults.journalFrom) throw new Error('ENOSPC')
        await mortal('journal', () => onDisk.write(entry))
      },
      remove: (lease) => mortal('journal', () => onDisk.remove(lease)),
    }
    const door: LocalNetworkDoor = {
      async apply(document) {
        if (document.action === faults.door) throw new Error(`netconf ${document.action} failed`)
        return mortal('network', async () => {
          if (document.action === 'up') devices.add(document.device)
          if (document.action === 'down') devices.delete(document.device)
          return {}
        })
      },
    }
    const parts: TunnelParts = {
      engineer: {
        ...engineer,
        async ec2(scope, role) {
          const client = await engineer.ec2(scope, role)
          client.middlewareStack.add((next) => (args) => mortal('AWS', () => next(args)), { step: 'initialize' })
          return client
        },
      },
      journal,
      door,
      openLink: () => ({
        heardAt: () => undefined,
        until: () => undefined,
        sayDown: async () => false,
        close: () => {},
      }),
      trail: {
        async record(event) {
          records += 1
          if (faults.trailFrom !== undefined && records >= faults.trailFrom) throw new Error('AUDIT_UNAVAILABLE')
          await mortal('trail', async () => void trail.push(event))
        },
        has: async ({ id }, kind) => trail.some((event) => event.session === id && event.kind === kind),
      },
      clock: systemClock,
      random: () => 0,
      ways: {
        recall: async () => (faults.knows === 'the past' ? past : faults.knows && truth),
        keep: async () => {},
      },
      localNetworks: async () => [],
      async step(name, work) {
        if (name === faults.interruptAt) stop.abort(new Error('interrupted'))
        return work()
      },
    }
    return { parts, dead, kill }
  }

  return {
    aws,
    endpoint: aws.endpoint,
    organisation,
    /** The environment as its stack prints it. */
    text,
    wish,
    laptop,
    /** Of the account that the management VPC is in. */
    administrator,
    /** `Sid action` of every statement in the policy of a role, sorted. */
    grants(role: string): string[] {
      const found = stacks
        .properties('EnchiladaManagementVpc-lab', 'AWS::IAM::Role')
        .find(({ RoleName }) => RoleName === role)
      const statements: { Sid: string; Action: string[] }[] = found?.['Policies'][0].PolicyDocument.Statement ?? []
      return statements.flatMap(({ Sid, Action }) => Action.map((action) => `${Sid} ${action}`)).sort()
    },
    /** Opens and closes with the faults, then heals all and settles what is left, as the next run would. */
    async live(faults: LaptopFaults, engine: EngineName) {
      const machine = laptop(faults)
      let failure = ''
      const environment = { ...wish.environment, engine }
      const lives = openTunnel(machine.parts, { ...wish, environment }, machine.signal).then((tunnel) =>
        tunnel.close('asked'),
      )
      try {
        await Promise.race([lives, machine.dead.then(() => Promise.reject(new Error('killed')))])
      } catch (error) {
        failure = error instanceof Error ? ('code' in error ? String(error.code) : error.message) : String(error)
      }
      await aws.lab.setFaults([])
      const parts = machine.restart()
      const left = (await machine.onDisk.list()).entries
      for (const entry of left) await settle(parts, entry, 'holder-died')
      const running = (await aws.lab.instances()).filter(({ state }) => state === 'running' || state === 'pending')
      const count = (kind: string) => machine.trail.filter((event) => event.kind === kind).length
      const after = {
        failure,
        left: left.length,
        servers: running.length,
        devices: machine.devices.size,
        leases: (await machine.onDisk.list()).entries.length,
        unmatched: count('tunnel.connected') - count('tunnel.disconnected'),
      }
      machine.remove()
      return after
    },
    close: () => aws.stop(),
  }
}
