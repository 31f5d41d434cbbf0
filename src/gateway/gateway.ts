import { type CodedError, hasCode, isCoded, reasonOf } from '../kernel/errors.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import type { Person } from '../model/person.ts'
import { parseScope } from '../model/scope.ts'
import type { SessionEndReason } from '../model/session.ts'
import type { Question } from '../policy/request.ts'
import type { Recordings } from '../recording/recordings.ts'
import { askAgain, type Judged, readFactsAnew } from './ask-again.ts'
import type { Attachment, Size, TerminalChannel } from './channel.ts'
import { createLostCloser } from './close-lost.ts'
import { gatewayErrors } from './errors.ts'
import { fingerprintOf } from './host-keys.ts'
import { type OpenDeps, type Opened, openTerminal } from './open-terminal.ts'
import { createLaterSealer } from './seal-later.ts'
import { createSessionEnds } from './session-ends.ts'
import { HEARTBEAT_MS, openSessionRows } from './session-rows.ts'
import { startTerminalSession, type TerminalSession } from './terminal/terminal-session.ts'
import { startWatch, type Watch } from './watch.ts'

export type GatewayDeps = OpenDeps & {
  recordings: Pick<Recordings, 'open' | 'sealAbandoned' | 'spooled'>
  /** Names this process; the same after a restart, so that it finds what it left behind. */
  node: string
}

export type Gateway = {
  /** Rejects with the reason; the refusal is in the trail. */
  open(request: { connectionId: string; person: Person; size: Size; channel: TerminalChannel }): Promise<Attachment>
  /** Back to one's own shell on this node, within its grace time. */
  resume(request: { sessionId: string; person: Person; size: Size; channel: TerminalChannel }): Promise<Attachment>
  watch(request: { sessionId: string; person: Person; channel: TerminalChannel }): Promise<Pick<Watch, 'end' | 'left'>>
  /** Ends a session wherever it runs. */
  end(sessionId: string, by: Person): Promise<void>
  live(): number
  /** Closes as `node-lost` what dead nodes left, seals it, and seals what could not be sealed at its end. */
  recoverLost(): Promise<number>
  close(): Promise<void>
}

/** A host that boots may be waited for longer than a stop may take: what is still being opened then, the next life closes. */
const OPENING_WITHIN_MS = 5_000

type Held = { id: string; person: Person; scope: string; instanceId: string }
type Live = Held & Judged & { session: TerminalSession; watches: Set<Watch> }
type End = { concerns(one: Held): boolean; reason: SessionEndReason; by?: string }

export function createGateway(deps: GatewayDeps): Gateway {
  const { store, trail, clock, log, node } = deps
  const rows = openSessionRows(deps)
  const ends = createSessionEnds({ rows, log })
  /** Its row may be there, and it is not live yet. */
  const beginning = new Set<string>()
  const live = new Map<string, Live>()
  /** Over, and not yet sealed and told. */
  const ending = new Set<string>()
  const isLiving = (id: string) => beginning.has(id) || live.has(id) || ending.has(id) || ends.waits(id)
  /** For each session that is being opened, the ends heard of meanwhile: there is nothing to end yet. */
  const opening = new Map<End[], Promise<void>>()
  let closing = false

  const endEach = (concerns: End['concerns'], reason: SessionEndReason, by?: string) => {
    for (const heard of opening.keys()) heard.push({ concerns, reason, ...(by ? { by } : {}) })
    return Promise.all([...live.values()].filter(concerns).map(({ session }) => session.end(reason, by)))
  }

  const stops = [
    store.notify.subscribe('instance-gone', ({ scope, instanceId }) => {
      void endEach((one) => one.scope === scope && one.instanceId === instanceId, 'instance-gone')
    }),
    store.notify.subscribe('access-ended', ({ personId }) => {
      void endEach((one) => one.person.id === personId, 'access-ended')
    }),
    store.notify.subscribe('end-session', ({ sessionId, by }) => {
      void endEach((one) => one.id === sessionId, 'ended-by-operator', by)
    }),
    deps.access.onPolicies(() => {
      for (const one of live.values()) askAgain(deps, one)
    }),
  ]
  const beat = async () => {
    const before = [...live.keys()]
    const ours = await rows.beat(node)
    // A notice may be lost: with the process that was to give it, or while the database did not answer.
    for (const id of before) {
      const row = ours.get(id)
      // Another node took this one for dead and has closed it: what is recorded from now on would be in no seal.
      if (!row) void live.get(id)?.session.end('node-lost')
      else if (row.endAskedBy !== null) void live.get(id)?.session.end('ended-by-operator', row.endAskedBy)
    }
    for (const id of await rows.onEndedInstances(node)) void live.get(id)?.session.end('instance-gone')
    // Tags of an instance change too, and policies speak of them.
    await readFactsAnew(store.db, [...live.values()])
    for (const one of live.values()) askAgain(deps, one)
  }
  const heart = setInterval(() => {
    beat().catch((error: unknown) => log.warn({ reason: reasonOf(error) }, 'the heartbeat was not written'))
  }, HEARTBEAT_MS).unref()

  async function begin(opened: Opened, person: Person): Promise<TerminalSession> {
    const { id, startedAt, target, shell, recorder } = opened
    const { connection } = target
    const about = {
      actor: person.id,
      subject: connection.id,
      scope: connection.scope,
      session: id,
      source: 'fact',
    } as const
    await rows.begin({ id, startedAt, node, person, target })
    await trail.record({
      ...about,
      kind: 'session.connected',
      data: {
        name: connection.name,
        person: person.name,
        instance: connection.instanceId,
        address: connection.instance.privateIp,
        hostKey: fingerprintOf(opened.hostKey),
        protocol: connection.protocol,
      },
    })
    const session = startTerminalSession({
      id,
      connectionName: connection.name,
      startedAt,
      size: { cols: recorder.facts.cols, rows: recorder.facts.rows },
      shell,
      recorder,
      limits: deps.settings,
      clock,
      async onEnd(reason, by) {
        live.delete(id)
        ending.add(id)
        let fault: { code: string; message: string } | undefined
        const sealed = await recorder.seal(reason).catch((error: unknown) => {
          log.error({ session: id, reason: reasonOf(error) }, 'the recording could not be sealed')
          if (isCoded(error)) fault = { code: error.code, message: error.message }
          return undefined
        })
        if (sealed)
          await tell({ ...about, kind: 'recording.sealed', subject: id, actor: 'system:gateway', data: { ...sealed } })
        const durationMs = clock.now() - startedAt
        const data = {
          person: person.name,
          reason,
          durationMs,
          ...(by ? { by } : {}),
          ...(fault ? { recording: fault } : {}),
        }
        await tell({ ...about, kind: 'session.disconnected', data })
        await ends.write(id, reason, sealed ? 'sealed' : 'broken')
        ending.delete(id)
      },
    })
    const { scope } = recorder.facts
    const { instanceId } = connection
    const one = {
      id,
      session,
      person,
      scope,
      instanceId,
      connectionId: connection.id,
      facts: target.facts,
      watches: new Set<Watch>(),
    }
    live.set(id, one)
    return session
  }

  /** An end must be told even when telling fails at first: a session has exactly one. */
  async function tell(event: AuditEvent): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await trail.record(event)
      } catch (error) {
        log.error(
          { kind: event.kind, session: event.session, attempt, reason: reasonOf(error) },
          'not in the trail yet',
        )
        if (attempt === 5) return
        await clock.sleep(attempt * 1_000)
      }
    }
  }

  async function refuse(person: Person, subject: string, error: CodedError): Promise<void> {
    const changed = hasCode(error, gatewayErrors.HOST_KEY_CHANGED)
    const denied = error.code.startsWith('ACCESS_')
    const kind = changed ? 'host-key.refused' : denied ? 'access.refused' : 'session.refused'
    const data = { code: error.code, message: error.message, person: person.name }
    await trail.record({ kind, actor: person.id, subject, source: 'fact', data })
  }

  /** Since the ticket was given the policies, or the person's groups, may have changed. */
  async function requireStill(person: Person, question: Question, subject: string): Promise<void> {
    const verdict = deps.access.may(person, question)
    if (verdict.allowed) return
    await refuse(person, subject, verdict.error)
    throw verdict.error
  }

  const sealLater = createLaterSealer({ ...deps, rows, tell })
  const closeLost = createLostCloser({ ...deps, rows, ends, tell, isLiving })

  const mine = (sessionId: string): Live => {
    const found = live.get(sessionId)
    if (!found) throw gatewayErrors.SESSION_NOT_FOUND({ id: sessionId })
    return found
  }

  return {
    async open({ connectionId, person, size, channel }) {
      let opened: Opened | undefined
      const heard: End[] = []
      const settled = Promise.withResolvers<void>()
      opening.set(heard, settled.promise)
      try {
        if (closing) throw gatewayErrors.SESSION_NOT_FOUND()
        opened = await openTerminal(deps, { connectionId, person, size, step: (message) => channel.say(message) })
        beginning.add(opened.id)
        const session = await begin(opened, person)
        const attachment = await session.attach(channel, size, false)
        const one = live.get(opened.id)
        const end = one && heard.find(({ concerns }) => concerns(one))
        if (end) await session.end(end.reason, end.by)
        // The policies may be others than when this was begun.
        if (one) askAgain(deps, one)
        return attachment
      } catch (cause) {
        opened?.shell.close()
        await opened?.recorder.seal('target-failed').catch(() => undefined)
        if (opened) await ends.write(opened.id, 'target-failed', 'broken')
        const error = isCoded(cause)
          ? cause
          : gatewayErrors.TARGET_FAILED({ instance: connectionId, reason: reasonOf(cause) }, { cause })
        await refuse(person, connectionId, error)
        throw error
      } finally {
        if (opened) beginning.delete(opened.id)
        opening.delete(heard)
        settled.resolve()
      }
    },
    async resume({ sessionId, person, size, channel }) {
      const one = mine(sessionId)
      if (one.person.id !== person.id) throw gatewayErrors.SESSION_NOT_FOUND({ id: sessionId })
      // Who signed in again may be of other groups.
      one.person = person
      askAgain(deps, one)
      await requireStill(person, { action: 'connect', facts: one.facts }, one.connectionId)
      return one.session.attach(channel, size, true)
    },
    async watch({ sessionId, person, channel }) {
      const one = mine(sessionId)
      const { session, scope, watches } = one
      await requireStill(person, { action: 'watch', facts: one.facts, owner: one.person.id }, sessionId)
      const about = { actor: person.id, subject: sessionId, scope: parseScope(scope), session: sessionId } as const
      const data = { person: person.name }
      await trail.record({ ...about, kind: 'session.watched', source: 'fact', data })
      const begunAt = clock.now()
      const watch = await startWatch({ session, watches, person, channel }, (reason) => {
        const end = { ...data, reason, durationMs: clock.now() - begunAt }
        void tell({ ...about, kind: 'session.watch-ended', source: 'fact', data: end })
      })
      askAgain(deps, one)
      return watch
    },
    async end(sessionId, by) {
      await trail.record({
        kind: 'session.ended',
        actor: by.id,
        subject: sessionId,
        session: sessionId,
        source: 'fact',
        data: { person: by.name },
      })
      await rows.askEnd(sessionId, by.id)
      await store.notify.publish('end-session', { sessionId, reason: 'ended-by-operator', by: by.id })
    },
    live: () => live.size,
    async recoverLost() {
      const closed = await closeLost()
      await sealLater(clock.now(), isLiving)
      return closed
    },
    async close() {
      closing = true
      clearInterval(heart)
      for (const stop of stops) stop()
      await endEach(() => true, 'node-stopping')
      const late = new AbortController()
      const rest = clock.sleep(OPENING_WITHIN_MS, late.signal).catch(() => undefined)
      await Promise.race([Promise.all(opening.values()), rest])
      late.abort()
    },
  }
}
