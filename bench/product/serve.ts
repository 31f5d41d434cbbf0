import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { endsWithUs } from './ends-with-us.ts'
import type { Installed } from './install.ts'

export const HOME_REGION = 'eu-west-1'

export type Serving = {
  origin: string
  pid: number
  /** Folder of its data. */
  data: string
  /** Its enchilada.yaml. */
  config: string
  log(): string
  /** One number of /metrics. */
  metric(name: string): Promise<number>
  stop(): Promise<void>
}

export type ServeOptions = {
  installed: Installed
  /** Parts of enchilada.yaml that this bench needs otherwise than usual. */
  config: Record<string, unknown> & { aws: Record<string, unknown> }
  issuer: string
  clientId: string
  clientSecret: string
  endpoint: string
  port: number
  policies: string
  env?: Record<string, string>
}

/** Writes a configuration, starts `serve` as a customer would, and waits until it is ready. */
export async function startServe(options: ServeOptions): Promise<Serving> {
  const { installed, port } = options
  const folder = join(installed.folder, `serve-${port}`)
  const data = join(folder, 'data')
  mkdirSync(join(folder, 'policies'), { recursive: true })
  writeFileSync(join(folder, 'policies/bench.cedar'), options.policies)
  const origin = `http://127.0.0.1:${port}`
  const config = {
    portal: { url: origin, listen: `127.0.0.1:${port}` },
    signIn: {
      issuer: options.issuer,
      clientId: options.clientId,
      clientSecret: { env: 'BENCH_CLIENT_SECRET' },
      scopes: ['openid', 'profile', 'email', 'groups'],
    },
    node: 'bench',
    store: { sqlite: join(data, 'enchilada.db') },
    access: { policies: 'policies' },
    recordings: { directory: join(data, 'recordings') },
    audit: {
      directory: join(data, 'audit'),
      checkpoints: join(data, 'checkpoints'),
      signingKey: join(data, 'signing.pem'),
    },
    ...options.config,
    aws: { homeRegion: HOME_REGION, ...options.config.aws },
  }
  const file = join(folder, 'enchilada.yaml')
  writeFileSync(file, stringify(config))
  const log = join(folder, 'serve.log')
  const out = openSync(log, 'w')
  const child = spawn(process.execPath, [installed.cli, '--config', file, 'serve'], {
    cwd: folder,
    stdio: ['ignore', out, out],
    env: {
      PATH: process.env['PATH'],
      LOG_LEVEL: 'info',
      AWS_ACCESS_KEY_ID: 'AKIA0000000000000000',
      AWS_SECRET_ACCESS_KEY: 'stand-in',
      AWS_REGION: HOME_REGION,
      AWS_ENDPOINT_URL_EC2: options.endpoint,
      AWS_ENDPOINT_URL_STS: options.endpoint,
      AWS_ENDPOINT_URL_SQS: options.endpoint,
      BENCH_CLIENT_SECRET: options.clientSecret,
      ...options.env,
    },
  })
  endsWithUs(child)
  const read = () => readFileSync(log, 'utf8')
  await waitFor('serve is ready', 300_000, async () => {
    if (child.exitCode !== null) throw new Error(`serve ended with ${child.exitCode}\n${read().slice(-4000)}`)
    const answer = await fetch(`${origin}/readyz`).catch(() => undefined)
    await answer?.arrayBuffer()
    return answer?.ok
  })
  return {
    origin,
    pid: child.pid ?? 0,
    data,
    config: file,
    log: read,
    async metric(name) {
      const text = await (await fetch(`${origin}/metrics`)).text()
      return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN)
    },
    async stop() {
      if (child.exitCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), 20_000)
      await ended
      clearTimeout(late)
    },
  }
}

/** Looks every `everyMs` until `done` says so; rejects after `withinMs`. */
export async function waitFor(
  what: string,
  withinMs: number,
  done: () => Promise<unknown> | unknown,
  everyMs = 50,
): Promise<void> {
  const giveUpAt = performance.now() + withinMs
  while (!(await done())) {
    if (performance.now() > giveUpAt) throw new Error(`not within ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
