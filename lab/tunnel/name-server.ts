import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { run } from '../world/commands.ts'
import { until } from './probes.ts'

/** A name server that knows a few names, and what it was asked. */
export type NameServer = {
  /** Every name so far, each as often as it was asked for. */
  asked(): string[]
  stop(): void
}

export type Names = {
  /** No name in them is there but those given. */
  zones: string[]
  /** By address too. */
  hosts?: Record<string, string>
  texts?: Record<string, string>
}

/** dnsmasq at that address of a namespace; without one, of the world's own network. What it does not know it refuses. */
export async function startNameServer(
  namespace: string | undefined,
  address: string,
  { zones, hosts = {}, texts = {} }: Names,
): Promise<NameServer> {
  const log = `/run/lab/names-${address}.log`
  const strings = (text: string) => (text.match(/.{1,200}/g) ?? []).join(',')
  const inside = namespace === undefined ? [] : ['ip', 'netns', 'exec', namespace]
  const [program = '', ...args] = [
    ...inside,
    ...['dnsmasq', '--keep-in-foreground', '--conf-file=/dev/null', '--pid-file=', '--user=root', '--no-resolv'],
    ...['--no-hosts', '--bind-interfaces', `--listen-address=${address}`, '--log-queries', `--log-facility=${log}`],
    ...zones.map((zone) => `--local=/${zone}/`),
    ...Object.entries(hosts).map(([name, host]) => `--host-record=${name},${host}`),
    ...Object.entries(texts).map(([name, text]) => `--txt-record=${name},${strings(text)}`),
  ]
  const child = spawn(program, args, { stdio: 'ignore' })
  const listens = async () => {
    const [first = '', ...rest] = [...inside, 'ss', '-Hlun', `src ${address}:53`]
    return (await run(first, rest)) !== ''
  }
  await until(`name server at ${address}`, listens)
  return {
    asked: () => [...readFileSync(log, 'utf8').matchAll(/ query\[\w+\] (\S+) from /g)].map(([, name = '']) => name),
    stop: () => child.kill(),
  }
}
