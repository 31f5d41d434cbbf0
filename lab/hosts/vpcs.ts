import { fileURLToPath } from 'node:url'
import type { LabInstance } from '../aws/doors.ts'
import { run } from '../world/commands.ts'
import { relayFrom } from '../world/relay.ts'
import { listenInNamespace } from './listen-in-namespace.ts'
import { createMetadataService, type MetadataSource } from './metadata.ts'
import { cableOf, gatewayOf, lengthOf, overlap } from './networks.ts'

export type Vpc = {
  id: string
  cidr: string
  namespace: string
  /** False when another VPC has these addresses already: it is reached from its own namespace only. */
  routed: boolean
  /** How the world reaches it, as `ip route` takes it. */
  way: string
}

const script = fileURLToPath(new URL('./make-vpc.sh', import.meta.url))
const METADATA_ADDRESS = '169.254.169.254'
/** Where a host finds AWS's services: its environment says so, as AWS's own tools read it. */
export const AWS_ADDRESS = '169.254.171.1'

/** The VPCs that have a host, each a network namespace behind a cable to the world. */
export function createVpcs(source: (vpcId: string) => MetadataSource, awsPort: number) {
  const made = new Map<string, Promise<Vpc>>()
  const ready: Vpc[] = []
  const routedCidrs: string[] = []
  const subnets = new Map<string, Promise<unknown>>()
  const closers: (() => void)[] = []

  async function make(id: string, cidr: string, n: number): Promise<Vpc> {
    const { world, vpc } = cableOf(n)
    const namespace = `vpc${n}`
    const routed = !routedCidrs.some((other) => overlap(other, cidr))
    if (routed) routedCidrs.push(cidr)
    await run('bash', [script, namespace, `cable${n}`, world, vpc])
    const way = `via ${vpc} dev cable${n}`
    if (routed) await run('ip', ['route', 'add', cidr, ...way.split(' ')])
    const socket = await listenInNamespace(namespace, METADATA_ADDRESS, 80)
    const service = createMetadataService(source(id))
    socket.on('connection', (connection) => service.emit('connection', connection))
    const aws = await listenInNamespace(namespace, AWS_ADDRESS, 80)
    relayFrom(aws, () => ({ host: '127.0.0.1', port: awsPort }))
    closers.push(() => {
      aws.close()
      socket.close()
      service.closeAllConnections()
    })
    const one = { id, cidr, namespace, routed, way }
    ready.push(one)
    return one
  }

  return {
    list: (): readonly Vpc[] => ready,
    /** The VPC of an instance and its subnet, made when they are not there yet. */
    async of(instance: Pick<LabInstance, 'vpc' | 'subnet'>): Promise<Vpc & { gateway: string; length: number }> {
      const { vpc, subnet } = instance
      if (!vpc || !subnet) throw new Error('an instance outside every VPC has no network')
      let making = made.get(vpc.id)
      if (!making) {
        making = make(vpc.id, vpc.cidr, made.size + 1)
        made.set(vpc.id, making)
      }
      const one = await making
      const gateway = gatewayOf(subnet.cidr)
      const length = lengthOf(subnet.cidr)
      let adding = subnets.get(subnet.id)
      if (!adding) {
        adding = run('ip', ['-n', one.namespace, 'addr', 'add', `${gateway}/${length}`, 'dev', 'br0'])
        subnets.set(subnet.id, adding)
      }
      await adding
      return { ...one, gateway, length }
    },
    /** Ends the metadata services; the namespaces go with the world. */
    stop: () => {
      for (const close of closers) close()
    },
  }
}
