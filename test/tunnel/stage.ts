import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeOrganisation } from '../../lab/aws/organisation.ts'
import { type Aws, startAws } from '../../lab/aws/start.ts'
import { engineerCredentials, type ManagementVpc, makeManagementVpc } from '../../lab/tunnel/management-vpc.ts'
import { createEngineer } from '../../src/aws/engineer.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import type { AuditEvent } from '../../src/model/audit-event.ts'
import { environmentSchema } from '../../src/tunnel/environment.ts'
import { type Journal, openJournal } from '../../src/tunnel/journal.ts'
import type { LocalNetworkDoor } from '../../src/tunnel/network-document.ts'
import { openTunnel, type TunnelParts, type TunnelWish } from '../../src/tunnel/open-tunnel.ts'
import { settle } from '../../src/tunnel/settle.ts'

/** What may go wrong on the laptop's side, by what is being done. */
export type LaptopFaults = {
  /** The n-th write of the journal fails, and every later one: the disk is full. */
  journalFrom?: number
  door?: 'up' | 'down'
  /** The n-th record of the trail is refused. */
  trailFrom?: number
  /** Ctrl-C when this step begins. */
  interruptAt?: string
}

/** Everything of `up` but the packets: the emulator's AWS, a real journal, a network of this machine that only remembers. */
export async function openStage() {
  const aws: Aws = await startAws()
  const organisation = await makeOrganisation(aws.endpoint)
  const vpc: ManagementVpc = await makeManagementVpc(aws.endpoint, organisation)
  const keys = await engineerCredentials(aws.endpoint, organisation.accounts.shared, 'ada')
  Object.assign(process.env, keys, { AWS_ENDPOINT_URL: aws.endpoint, AWS_EC2_METADATA_DISABLED: 'true' })
  const network = { region: vpc.region, vpc: vpc.vpcId, subnets: vpc.subnets, securityGroup: vpc.securityGroup }
  const environment = environmentSchema.parse({
    name: 'lab',
    account: vpc.account,
    networks: [network],
    instanceTypes: ['t4g.nano', 't3.nano'],
  })
  const wish: TunnelWish = { environment, network, to: [], ttl: undefined }

  function laptop(faults: LaptopFaults) {
    const folder = mkdtempSync(join(tmpdir(), 'tunnel-'))
    const stop = new AbortController()
    const trail: AuditEvent[] = []
    const devices = new Set<string>()
    const onDisk = openJournal(folder)
    let writes = 0
    let records = 0
    const journal: Journal = {
      ...onDisk,
      async write(entry) {
        writes += 1
        if (faults.journalFrom !== undefined && writes >= faults.journalFrom) throw new Error('ENOSPC')
        await onDisk.write(entry)
      },
    }
    const door: LocalNetworkDoor = {
      async apply(document) {
        if (document.action === faults.door) throw new Error(`netconf ${document.action} failed`)
        if (document.action === 'up') devices.add(document.device)
        if (document.action === 'down') devices.delete(document.device)
        return {}
      },
    }
    const parts: TunnelParts = {
      engineer: createEngineer({ clock: systemClock, profile: undefined }),
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
          trail.push(event)
        },
      },
      clock: systemClock,
      random: () => 0,
      localNetworks: async () => [],
      async step(name, work) {
        if (name === faults.interruptAt) stop.abort(new Error('interrupted'))
        return work()
      },
    }
    return {
      parts,
      trail,
      devices,
      onDisk,
      heal: () => void Object.assign(faults, { journalFrom: undefined, door: undefined, trailFrom: undefined }),
      signal: stop.signal,
      remove: () => rmSync(folder, { recursive: true }),
    }
  }

  return {
    aws,
    wish,
    laptop,
    /** Opens and closes with the faults, then heals all and settles what is left, as the next run would. */
    async live(faults: LaptopFaults) {
      const machine = laptop(faults)
      let failure = ''
      try {
        const tunnel = await openTunnel(machine.parts, wish, machine.signal)
        await tunnel.close('asked')
      } catch (error) {
        failure = error instanceof Error ? ('code' in error ? String(error.code) : error.message) : String(error)
      }
      await aws.lab.setFaults([])
      machine.heal()
      const left = (await machine.onDisk.list()).entries
      for (const entry of left) await settle(machine.parts, entry, 'holder-died')
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
