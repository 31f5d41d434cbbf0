import { readdirSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { run } from './commands.ts'
import { openUplink, proveCounters, readLeaks } from './uplink.ts'

/** Runs inside a world and prints what can be reached from there, as JSON. */

const before = Object.keys(networkInterfaces())
await openUplink()
// A stand-in for a VPC: the third way out leads through one.
await run('bash', [
  new URL('../hosts/make-vpc.sh', import.meta.url).pathname,
  'vpc1',
  'cable1',
  '100.64.0.5',
  '100.64.0.6',
])
await proveCounters('vpc1')
const clean = await readLeaks()
const refused = await fetch('http://203.0.113.7/', { signal: AbortSignal.timeout(5_000) }).then(
  () => false,
  () => true,
)
const unresolved = await fetch('http://example.com/', { signal: AbortSignal.timeout(5_000) }).then(
  () => false,
  () => true,
)
console.log(
  JSON.stringify({
    before,
    clean,
    refused,
    unresolved,
    after: await readLeaks(),
    links: readdirSync('/sys/class/net').sort(),
    processes: readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length,
  }),
)
