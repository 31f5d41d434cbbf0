import type { LabInstance } from '../aws/doors.ts'
import { run } from '../world/commands.ts'

/** Tells the world's internet which public address leads to which instance. Gives what it told, to be handed in the next time. */
export async function publishAddresses(instances: readonly LabInstance[], told: string): Promise<string> {
  const pairs = instances
    .filter(({ state, publicIp, privateIp }) => state === 'running' && publicIp && privateIp)
    .map(({ publicIp, privateIp }) => `${publicIp} : ${privateIp}`)
    .sort()
  const now = pairs.join(', ')
  if (now === told) return told
  const elements = now ? `add element ip internet public { ${now} }\n` : ''
  await run('nft', ['-f', '-'], { input: `flush map ip internet public\n${elements}` })
  return now
}
