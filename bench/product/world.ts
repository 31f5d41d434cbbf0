import { type IdentityProvider, startIdentityProvider } from '../../test/fixtures/identity-provider.ts'
import { type Cloud, createCloud } from '../stand-in/cloud.ts'
import { type StandIn, startStandIn } from '../stand-in/server.ts'
import { freePort } from './free-port.ts'
import { type Installed, installBuilt } from './install.ts'
import { type ServeOptions, type Serving, startServe } from './serve.ts'

/** The product as built between stand-ins for AWS and a real OpenID provider, all on loopback. */
export type BenchWorld = {
  installed: Installed
  cloud: Cloud
  standIn: StandIn
  provider: IdentityProvider
  serving: Serving
  close(): Promise<void>
}

export type WorldOptions = Pick<ServeOptions, 'policies' | 'env'> & {
  /** `queueUrl`: of the stand-in's SQS. */
  config(queueUrl: string): ServeOptions['config']
  latencyMs?: number
  /** Fills the cloud before the product starts. */
  fill?(cloud: Cloud): void
}

export async function openBenchWorld({ config, latencyMs, fill, ...given }: WorldOptions): Promise<BenchWorld> {
  const cloud = createCloud()
  fill?.(cloud)
  const standIn = await startStandIn(cloud, { latencyMs: latencyMs ?? 0 })
  const port = await freePort()
  const provider = await startIdentityProvider(`http://127.0.0.1:${port}/sign-in/callback`)
  const installed = installBuilt()
  const undo = async () => {
    await provider.stop()
    await standIn.close()
    installed.remove()
  }
  try {
    const { issuer, clientId, clientSecret } = provider
    const serving = await startServe({
      ...given,
      config: config(standIn.queueUrl),
      installed,
      issuer,
      clientId,
      clientSecret,
      endpoint: standIn.endpoint,
      port,
    })
    const close = async () => {
      await serving.stop()
      await undo()
    }
    return { installed, cloud, standIn, provider, serving, close }
  } catch (error) {
    await undo()
    throw error
  }
}

/** An account's id, the n-th. */
export const accountId = (n: number): string => String(100_000_000_000 + n)

/** Regions as AWS has them enabled by default: 17. */
export const REGIONS = [
  'eu-west-1',
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
  'ap-south-1',
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-northeast-3',
  'ap-southeast-1',
  'ap-southeast-2',
  'ca-central-1',
  'eu-central-1',
  'eu-west-2',
  'eu-west-3',
  'eu-north-1',
  'sa-east-1',
] as const
