import type { Access } from '../access/access.ts'
import type { TargetCalls } from '../aws/target-calls.ts'
import type { ResolveCredential } from '../credentials/resolve-credential.ts'
import type { AlarmClock } from '../kernel/clock.ts'
import { reasonOf } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import type { Log } from '../kernel/log.ts'
import type { Trail } from '../model/audit-event.ts'
import type { Person } from '../model/person.ts'
import { formatScope } from '../model/scope.ts'
import type { Recorder } from '../recording/recorder.ts'
import type { Recordings } from '../recording/recordings.ts'
import type { Store } from '../store/store.ts'
import type { ChannelMessage, Size } from './channel.ts'
import { gatewayErrors } from './errors.ts'
import { fingerprintOf, type HostKey, type HostKeys, type PinnedKey, parseConsoleKeys } from './host-keys.ts'
import type { GatewaySettings } from './settings.ts'
import { findTarget, type LookUpInstance, lookAgain, requireOneAddress, type Target } from './target.ts'
import { openShell, type Shell } from './terminal/open-shell.ts'
import { reachPort } from './terminal/reach-port.ts'

export type OpenDeps = {
  store: Store
  access: Access
  recordings: Pick<Recordings, 'open'>
  resolveCredential: ResolveCredential
  hostKeys: HostKeys
  lookUpInstance: LookUpInstance
  readConsoleOutput: TargetCalls['readConsoleOutput']
  trail: Trail
  settings: GatewaySettings
  clock: AlarmClock
  log: Log
}

export type OpenRequest = { connectionId: string; person: Person; size: Size; step(message: ChannelMessage): void }

export type Opened = {
  id: string
  startedAt: number
  target: Target
  shell: Shell
  recorder: Recorder
  hostKey: string
}

/**
 * From a person's wish to a recorded shell. Each step that fails refuses with its code, and what was begun is undone;
 * the recording is open before the target is touched.
 */
export async function openTerminal(deps: OpenDeps, request: OpenRequest): Promise<Opened> {
  const { person, size } = request
  const step = (name: Extract<ChannelMessage, { type: 'connecting' }>['step']) =>
    request.step({ type: 'connecting', step: name })
  const target = await findTarget(deps.store.db, request.connectionId)
  const { connection } = target
  const verdict = deps.access.may(person, { action: 'connect', facts: target.facts })
  if (!verdict.allowed) throw verdict.error
  if (connection.protocol !== 'ssh') throw gatewayErrors.PROTOCOL_UNSUPPORTED({ protocol: connection.protocol })

  step('instance')
  const instance = await lookAgain(target, person, deps.lookUpInstance)
  await requireOneAddress(deps.store.db, target, instance)
  step('recording')
  const id = newId()
  const startedAt = deps.clock.now()
  const recorder = await deps.recordings.open({
    id,
    connectionId: connection.id,
    connectionName: connection.name,
    scope: formatScope(connection.scope),
    instanceId: instance.id,
    protocol: connection.protocol,
    personId: person.id,
    personName: person.name,
    startedAt,
    ...size,
  })
  try {
    const where = {
      instanceId: instance.id,
      host: instance.privateIp,
      port: connection.port,
      timeoutMs: deps.settings.connectTimeout,
    }
    step('port')
    const until = instance.launchedAt + deps.settings.bootTime
    const socket = await reachPort(where, { until, clock: deps.clock, onWait: () => step('boot') })
    let first: HostKey | undefined
    try {
      // Not before it answers: until then the console of a host that boots shows no key.
      step('credential')
      const pinned = await learnHostKeys(deps, target, person)
      const hostKeyKnown = pinned.some((key) => key.learnedBy !== 'first-use')
      const login = await deps.resolveCredential({ connection, instance, person, hostKeyKnown })
      await login.prepare()
      step('login')
      const acceptFirst = (key: HostKey) => {
        first = key
        return deps.settings.hostKeys === 'first-use'
      }
      const shell = await openShell(socket, where, login, { pinned, acceptFirst }, size)
      if (pinned.length === 0 && first) await pin(deps, target, [{ ...first, learnedBy: 'first-use' }])
      return { id, startedAt, target, shell, recorder, hostKey: pinned[0]?.key ?? first?.key ?? '' }
    } catch (error) {
      socket.destroy()
      throw error
    }
  } catch (error) {
    recorder.marker(`refused: ${reasonOf(error)}`)
    await recorder.seal('target-failed').catch(() => undefined)
    throw error
  }
}

/** Known keys; for a host seen for the first time those that its console shows, where that is the rule. */
async function learnHostKeys(deps: OpenDeps, target: Target, person: Person): Promise<PinnedKey[]> {
  const { scope, instanceId } = target.connection
  const pinned = await deps.hostKeys.pinned(scope, instanceId)
  if (pinned.length > 0 || deps.settings.hostKeys === 'operator') return pinned
  const output = await deps.readConsoleOutput({ scope, instanceId }, person).catch((error: unknown) => {
    deps.log.warn({ instanceId, reason: reasonOf(error) }, 'the console could not be read')
    return ''
  })
  const found = parseConsoleKeys(output).map((key) => ({ ...key, learnedBy: 'console-output' as const }))
  await pin(deps, target, found)
  return found
}

async function pin(deps: OpenDeps, { connection }: Target, keys: readonly PinnedKey[]): Promise<void> {
  if (keys.length === 0) return
  await deps.hostKeys.pin(connection.scope, connection.instanceId, keys)
  await deps.trail.record({
    kind: 'host-key.pinned',
    actor: 'system:gateway',
    subject: connection.instanceId,
    scope: connection.scope,
    source: keys[0]?.learnedBy === 'console-output' ? 'fact' : 'claim',
    data: {
      keys: keys.map(({ algorithm, key, learnedBy }) => ({ algorithm, fingerprint: fingerprintOf(key), learnedBy })),
    },
  })
}
