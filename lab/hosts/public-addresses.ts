import type { LabInstance } from '../aws/doors.ts'
import { run } from '../world/commands.ts'
import type { createVpcs, Vpc } from './vpcs.ts'

type Place = Pick<LabInstance, 'vpc' | 'subnet'>
type Published = { publicIp: string; privateIp: string; vpc: Pick<Vpc, 'namespace' | 'way'> }

/**
 * The world's internet: it knows which public address leads into which VPC, and the VPC's own gateway translates it to the private one, so that
 * two VPCs may have the same private addresses. It is given what AWS says, each time anew.
 */
export function createInternet(vpcs: ReturnType<typeof createVpcs>) {
  let told: readonly Published[] = []

  const lead = async (place: Place, publicIp: string, privateIp: string): Promise<Published> => {
    const { namespace, way } = await vpcs.of(place)
    return { publicIp, privateIp, vpc: { namespace, way } }
  }

  return async function publish(instances: readonly LabInstance[]): Promise<void> {
    const now = await Promise.all(
      instances.flatMap((one) => {
        const { state, publicIp, privateIp } = one
        return state === 'running' && publicIp && privateIp ? [lead(one, publicIp, privateIp)] : []
      }),
    )
    const gone = told.filter((one) => !has(now, one))
    const come = now.filter((one) => !has(told, one))
    // What failed halfway is told again, so each of these may be done twice.
    await setRoutes(gone.map(({ publicIp }) => `route flush ${publicIp}/32`))
    for (const namespace of new Set([...gone, ...come].map(({ vpc }) => vpc.namespace))) {
      await translate(
        namespace,
        now.filter(({ vpc }) => vpc.namespace === namespace),
      )
    }
    await setRoutes(come.map(({ publicIp, vpc }) => `route replace ${publicIp}/32 ${vpc.way}`))
    told = now
  }
}

const has = (list: readonly Published[], { publicIp, privateIp, vpc }: Published): boolean =>
  list.some((one) => one.publicIp === publicIp && one.privateIp === privateIp && one.vpc.namespace === vpc.namespace)

async function translate(namespace: string, list: readonly Published[]): Promise<void> {
  const pairs = list.map(({ publicIp, privateIp }) => `${publicIp} : ${privateIp}`).join(', ')
  const elements = pairs ? `add element ip gateway public { ${pairs} }\n` : ''
  const input = `flush map ip gateway public\n${elements}`
  await run('ip', ['netns', 'exec', namespace, 'nft', '-f', '-'], { input })
}

async function setRoutes(lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await run('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` })
}
