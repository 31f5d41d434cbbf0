import type { Cloud } from '../../bench/stand-in/cloud.ts'
import type { TestSshd } from '../fixtures/sshd.ts'

/** A company's accounts, as its people call them. */
export const accounts = [
  { id: '111122223333', name: 'shop-production' },
  { id: '222233334444', name: 'shop-staging' },
  { id: '333344445555', name: 'payments-production' },
  { id: '444455556666', name: 'data-platform' },
  { id: '555566667777', name: 'security-tooling' },
] as const
export const regions = ['eu-west-1', 'eu-central-1', 'us-east-1'] as const

const services = [
  'web',
  'checkout-api',
  'search',
  'orders-worker',
  'postgres',
  'kafka',
  'build-agent',
  'batch',
] as const
const teams = ['storefront', 'checkout', 'fulfilment', 'platform', 'insight'] as const

/** The host that a real sshd plays. */
export const HOST = 'checkout-api-blue'
/** Runs, and nothing listens there. */
export const DOWN = 'checkout-api-down'
/** Answers with another key than its console shows. */
export const CHANGED = 'checkout-api-rebuilt'

/** What a tag may hold if its writer is unkind: a template, lines, a picture, marks that turn the reading round, and too much. */
export const UNKIND = `\u202eevil\u202c\n\${jndi:ldap://x} <img src=x onerror=alert(1)> 🌮 ${'long '.repeat(900)}`

export function fillFleet(cloud: Cloud, instances: number, sshd: TestSshd): void {
  const console = ['-----BEGIN SSH HOST KEY KEYS-----', ...sshd.hostKeys, '-----END SSH HOST KEY KEYS-----'].join(
    '\r\n',
  )
  const launch = (name: string, given: { port?: number; console?: string; account?: string } = {}) =>
    cloud.launch(given.account ?? accounts[0].id, regions[0], {
      privateIp: '127.0.0.1',
      // Of one that boots the portal would wait for the port.
      launchedAt: Date.now() - 3_600_000,
      console: given.console ?? console,
      tags: {
        Name: name,
        team: 'checkout',
        environment: 'production',
        'enchilada:port': String(given.port ?? sshd.port),
        'enchilada:user': sshd.userName,
      },
    })
  launch(HOST)
  launch(DOWN, { port: 1 })
  const other = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7Cj8dLq0OkrBnQ5yPVlbvmYFg0DLHGUEQ9ZHDEHVBS'
  launch(CHANGED, { console: console.replace(sshd.hostKeys.join('\r\n'), other) })
  launch(UNKIND)
  for (let n = 0; n < instances - 4; n += 1) {
    const service = services[n % services.length] ?? ''
    const account = accounts[n % accounts.length]
    const instance = cloud.launch(account?.id ?? '', regions[Math.floor(n / 5) % regions.length] ?? '', {
      tags: {
        Name: `${service}-${String(Math.floor(n / 8) + 1).padStart(3, '0')}`,
        team: teams[n % teams.length] ?? '',
        environment: account?.name.endsWith('staging') ? 'staging' : 'production',
        'cost-centre': String(4_000 + (n % 37)),
      },
    })
    if (n % 17 === 0) instance.state = 'stopped'
  }
}
