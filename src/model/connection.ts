import { createHash } from 'node:crypto'
import * as z from 'zod'
import type { Instance } from './instance.ts'
import { formatScope, type Scope } from './scope.ts'

export const protocolSchema = z.enum(['ssh', 'rdp', 'vnc'])
export type Protocol = z.infer<typeof protocolSchema>

/** How an instance is opened: the outcome of the rules, held by the catalogue. */
export type Connection = {
  /** First 20 hex of sha256(scope, instance id, protocol, port): bound to the instance, not to its address. */
  id: string
  scope: Scope
  instanceId: string
  protocol: Protocol
  port: number
  /** Display name: safe text, unique within its group. */
  name: string
  /** Path from the root, outermost first. */
  group: readonly string[]
  /** Login on the target, when the rules name one. */
  userName?: string
  /** The gateway network that reaches the address; `direct` unless configured. */
  network: string
  /** Name of the credential in the configuration. */
  credential?: string
  /** What reached the instance last; re-read at connect, shown in lists. */
  instance: Instance
}

export function connectionId(scope: Scope, instanceId: string, protocol: Protocol, port: number): string {
  const key = [formatScope(scope), instanceId, protocol, String(port)].join('\n')
  return createHash('sha256').update(key).digest('hex').slice(0, 20)
}
