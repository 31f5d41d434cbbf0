import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CUSTOMER, configFile, repositoryFilesOf, runProduct, startProduct, writeCustomerFile } from './customer.ts'
import { configurationOf, GUACAMOLE_POLICIES, type ProductPlace, policiesOf } from './product-files.ts'
import type { Steps } from './report.ts'

export type Product = {
  /** Runs the installed CLI with the same configuration. */
  cli(...args: string[]): Promise<string>
  /** What it has written to its log. */
  log(): string
  stop(): Promise<void>
}

export type ProductOptions = ProductPlace & {
  /** Of the machine that it is installed on. */
  env: Record<string, string>
  clientSecret: string
  /** Folder of the world, for the log. */
  dir: string
}

const READY_WITHIN_MS = 60_000

/** Configures the product that is installed and starts it. */
export async function bringUpProduct({ step }: Steps, options: ProductOptions): Promise<Product> {
  const env = await step('configuration', async () => {
    for (const folder of ['policies', 'guacamole', 'environments'])
      mkdirSync(join(CUSTOMER, folder), { recursive: true })
    writeCustomerFile('policies/lab.cedar', policiesOf(options.organisation))
    writeCustomerFile('guacamole/groups.cedar', GUACAMOLE_POLICIES)
    const { environment } = options.wiring
    // JSON is YAML.
    if (environment !== undefined) writeCustomerFile('environments/lab.yaml', environment)
    writeCustomerFile('enchilada.yaml', configurationOf(options))
    const given = { ...options.env, ENCHILADA_CLIENT_SECRET: options.clientSecret }
    await runProduct(given, ['config', 'check', '--config', configFile])
    return given
  })
  const log = join(options.dir, 'product.log')
  const child = startProduct(env, ['serve', '--config', configFile], log)
  const read = () => readFileSync(log, 'utf8')
  await step('product is ready', async () => {
    const giveUpAt = Date.now() + READY_WITHIN_MS
    while (!(await isReady(options.portalPort))) {
      if (child.exitCode !== null) throw new Error(`serve ended with ${child.exitCode}\n${read().slice(-4000)}`)
      if (Date.now() > giveUpAt) throw new Error(`not ready within ${READY_WITHIN_MS} ms\n${read().slice(-4000)}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  })
  await step('product sees nothing of the repository', async () => {
    const files = repositoryFilesOf(child.pid ?? 0)
    if (files.length > 0) throw new Error(files.join('\n'))
  })
  return {
    cli: (...args) => runProduct(env, [...args, '--config', configFile]),
    log: read,
    async stop() {
      if (child.exitCode !== null) throw new Error(`serve had ended with ${child.exitCode}\n${read().slice(-2000)}`)
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
      const [code, signal] = await ended
      clearTimeout(late)
      if (code !== 0) throw new Error(`serve ended with ${signal ?? code} when told to stop`)
    },
  }
}

const isReady = (port: number): Promise<boolean> =>
  fetch(`http://localhost:${port}/readyz`, { signal: AbortSignal.timeout(2_000) }).then(
    (answer) => answer.ok,
    () => false,
  )
