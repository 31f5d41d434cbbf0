import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { run } from '../world/commands.ts'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

// Namespaces take root; without, `script/lab` cannot run either.
describe.skipIf(process.getuid?.() !== 0)('a host of the lab', () => {
  let seen: Record<string, unknown>
  beforeAll(async () => {
    const said = await run(path('../world/enter.sh'), [process.execPath, path('./hosts.scenario.ts')])
    seen = JSON.parse(said)
  }, 60_000)

  test('is let into by its key pair, ran its user data as root once, and knows who it is', () => {
    const name = `ip-${String(seen['address']).replaceAll('.', '-')}`
    expect(seen['inside']).toEqual(['ec2-user', '2000', name, `I am root on ${name}`, '0', '401', seen['id']])
  })

  test('lets in who its user data made, by password', () => {
    expect(seen['passwordUser']).toBeGreaterThan(2000)
  })

  test('lets in a key that EC2 Instance Connect sent, and only then', () => {
    expect(seen).toMatchObject({ stranger: true, invited: 'in' })
  })

  test('prints the keys it has on its console, and keeps its files where the lab finds them', () => {
    expect(seen).toMatchObject({ keyOnConsole: true, markerOnDisk: 'marked-0815' })
  })

  test('terminates by its own shutdown; its address goes to the next host, with another key', () => {
    expect(seen).toMatchObject({ terminated: true, gone: true, sameAddress: true, otherKey: true })
  })

  test('is out of reach when AWS terminated it, and nothing left the world', () => {
    expect(seen).toMatchObject({ afterwards: true, leaks: { world: 0, hosts: 0, lookups: 0 } })
  })
})
