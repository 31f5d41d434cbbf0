import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { SinkState } from '../audit/log-sink.ts'
import { SETTLE_MS } from '../audit/notary.ts'
import { buildWorld } from '../config/world.ts'
import { storedSecretEvents } from '../guacamole/stored-secrets.ts'
import { tellHistory } from '../guacamole/tell-history.ts'
import { reasonOf } from '../kernel/errors.ts'
import { createLog } from '../kernel/log.ts'
import { readSecretSource } from '../kernel/secret-source.ts'
import { listen } from '../portal/listen.ts'
import { createPortal } from '../portal/portal.ts'
import { createIndexAhead } from '../recording/index-ahead.ts'
import type { Command } from './command.ts'
import { exitCodes } from './exit.ts'
import { loadFor } from './load-for.ts'
import { recordingsOfGuacamole } from './serve-guacamole.ts'
import { metricsOf } from './serve-metrics.ts'
import { createServeReaper } from './serve-reaper.ts'

/** Sessions of a Guacamole are in the trail within this. */
const HISTORY_EVERY_MS = 10_000
const RECOVER_EVERY_MS = 30_000

/** The portal, the gateway and the loops of discovery, notary and recovery, until a signal. */
export const serve: Command = async (context) => {
  const loaded = loadFor(context)
  const log = createLog(process.env['LOG_LEVEL'] ?? 'info', 'enchilada')
  const world = await buildWorld(loaded, process.env, log)
  const { config, trail, sink, clock, store, guacamole } = world
  const follows = guacamole?.settings.by === 'serve' ? guacamole : undefined
  const stop = new AbortController()
  const record = (kind: 'node.started' | 'node.stopped' | 'configuration.loaded') =>
    trail.record({
      kind,
      actor: 'system:serve',
      subject: world.node,
      source: 'fact',
      data: { path: loaded.path, sha256: loaded.sha256, policies: world.access.policies().hash },
    })
  await record('node.started')
  await record('configuration.loaded')
  for (const event of storedSecretEvents(follows?.secrets ?? [], 'system:serve')) await trail.record(event)
  const recovered = await world.gateway.recoverLost()
  if (recovered > 0) log.warn({ sessions: recovered }, 'closed sessions that an earlier process left behind')

  const portal = createPortal({
    ...world,
    auditReader: world.audit,
    recordingReader: world.recordings,
    settings: config.portal,
    staleAfter: config.discovery.staleAfter,
    metrics: metricsOf(world),
    metricsToken: config.portal.metricsToken && readSecretSource(config.portal.metricsToken, process.env),
    ready: {
      audit: () => {
        const state = trail.state()
        if (!state.writable) throw new Error(state.reason)
      },
      ...(sink ? { 'audit-sink': () => checkSink(sink.state()) } : {}),
    },
    webRoot: webRoot(),
  })
  const listening = await listen(portal, config.portal.listen)
  log.info({ url: config.portal.url, listen: config.portal.listen, store: world.store.engine }, 'ready')

  const settled = clock.sleep(SETTLE_MS + 1_000, stop.signal).catch(() => undefined)
  const indexAhead = createIndexAhead({ recordings: world.recordings, log })
  world.store.notify.subscribe('session', ({ sessionId }) => indexAhead.look(sessionId))

  world.store.notify.subscribe('trail-outbox', () => void world.drainOutbox())
  const reaper =
    config.tunnels &&
    createServeReaper({
      ...{ settings: config.tunnels, folder: loaded.folder, region: config.aws.homeRegion },
      ...{ node: world.node, store, trail, clock, log },
    })
  const loops = [
    ...(config.discovery.by === 'serve' ? [world.discovery.run(stop.signal)] : []),
    follows?.follower.run(stop.signal),
    follows && every(stop.signal, HISTORY_EVERY_MS, async () => void (await tellHistory({ ...follows, store, clock }))),
    ...recordingsOfGuacamole(world).map((one) => every(stop.signal, one.every, one.round)),
    ...world.policies.map((one) => one.run(stop.signal)),
    reaper && every(stop.signal, config.tunnels?.reapEvery ?? 0, async () => void (await reaper())),
    trail.keep(stop.signal),
    sink?.run(stop.signal),
    every(stop.signal, config.audit.checkpointEvery, async () => {
      // The first records wait until they may be signed, and not for the second round.
      await settled
      const { faults } = await world.notarise()
      for (const fault of faults) log.error(fault, 'the trail is not what was signed')
    }),
    every(stop.signal, RECOVER_EVERY_MS, async () => {
      await world.gateway.recoverLost()
      // A notice may be lost; what it told of is in the tables.
      await world.access.connectionsChanged()
      await world.drainOutbox()
    }),
  ]
  process.on('SIGHUP', () => world.policies.forEach((one) => void one.reload()))
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve)
    process.once('SIGINT', resolve)
  })
  log.info('stopping')
  stop.abort()
  await listening.close()
  await Promise.all(loops)
  await world.drainOutbox()
  await record('node.stopped').catch(() => undefined)
  // What is not there by then is sent by the next process.
  await sink?.send().catch(() => undefined)
  await world.close()
  return exitCodes.ok

  async function every(signal: AbortSignal, ms: number, work: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      await work().catch((error: unknown) => log.error({ reason: reasonOf(error) }, 'a round failed; it comes again'))
      await clock.sleep(ms, signal).catch(() => undefined)
    }
  }
}

/** Beside the bundle, or in the tree after a build. */
function webRoot(): string {
  const beside = fileURLToPath(new URL('./web', import.meta.url))
  return existsSync(beside) ? beside : fileURLToPath(new URL('../../dist/web', import.meta.url))
}

/** The files hold what waits, so a short absence is no reason to send people elsewhere. */
const SINK_PATIENCE_MS = 15 * 60_000

function checkSink({ failure, lagMs }: SinkState): void {
  if (failure && (!failure.retryable || lagMs > SINK_PATIENCE_MS)) throw failure
}
