import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitFor } from '../../bench/product/serve.ts'
import { type BenchWorld, openBenchWorld } from '../../bench/product/world.ts'
import { startSshd, type TestSshd } from '../fixtures/sshd.ts'
import { accounts, fillFleet, regions } from './fleet.ts'

export const INSTANCES = 5_000

export const POLICIES = `
permit (principal in Enchilada::Group::"engineer", action in [Enchilada::Action::"list", Enchilada::Action::"connect"], resource) when { context.mfa };
permit (principal, action == Enchilada::Action::"play", resource) when { resource.owner == principal };
permit (principal in Enchilada::Group::"auditor", action in [Enchilada::Action::"play", Enchilada::Action::"watch", Enchilada::Action::"audit"], resource);
permit (principal in Enchilada::Group::"operator", action in [Enchilada::Action::"list", Enchilada::Action::"watch", Enchilada::Action::"end", Enchilada::Action::"administer"], resource);
`

/** The product as it ships, a fleet of thousands, and one host that is real. */
export type World = BenchWorld & {
  sshd: TestSshd
  /** What opens the host: it must be nowhere else. */
  privateKey: string
  /** Of the trail, the checkpoints and the keys. */
  folder: string
  close(): Promise<void>
}

/** `more`: parts of enchilada.yaml, such as a folder of recordings elsewhere. */
export async function openWorld(instances = INSTANCES, more: Readonly<Record<string, unknown>> = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'enchilada-e2e-'))
  const keyFile = join(folder, 'key')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'e2e', '-f', keyFile])
  const sshd = await startSshd()
  sshd.authorize(readFileSync(`${keyFile}.pub`, 'utf8').trim())
  const undo = async () => {
    await sshd.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const world = await openBenchWorld({
      policies: POLICIES,
      fill: (cloud) => fillFleet(cloud, instances, sshd),
      config: (queueUrl) => ({
        aws: { accounts: [...accounts], regions: [...regions], eventQueue: queueUrl },
        credentials: [
          {
            name: 'key',
            kind: 'private-key',
            source: { file: keyFile },
            allowed: { accounts: accounts.map(({ id }) => id) },
          },
        ],
        audit: auditSettings(folder),
        ...more,
      }),
    })
    await waitFor(
      'the fleet is known',
      120_000,
      async () => (await world.serving.metric('enchilada_discovery_put')) >= instances,
      200,
    )
    return {
      ...world,
      sshd,
      folder,
      privateKey: readFileSync(keyFile, 'utf8'),
      async close() {
        await world.close()
        await undo()
      },
    }
  } catch (error) {
    await undo()
    throw error
  }
}

const auditSettings = (folder: string) => ({
  directory: join(folder, 'audit'),
  checkpoints: join(folder, 'checkpoints'),
  signingKey: join(folder, 'signing.pem'),
  checkpointEvery: '1s',
})
