import { openSigner } from '../config/audit-stores.ts'
import { openRecordingFiles } from '../config/recording-store.ts'
import { createShipper, type ShipPass } from '../guacamole/ship.ts'
import { systemClock } from '../kernel/clock.ts'
import { createLog } from '../kernel/log.ts'
import { type Command, optionText } from './command.ts'
import { exitCodes } from './exit.ts'
import { withGuacamole } from './guacamole-open.ts'
import { loadFor } from './load-for.ts'
import { table } from './output.ts'
import { shipMetrics } from './ship-metrics.ts'
import { shipUntil } from './ship-until.ts'

/** Brings what guacd recorded into the store: once, or until a signal. Exit 1 when a file failed or a recording is missing. */
export const shipGuacamole: Command = (context) =>
  withGuacamole(context, async (guacamole) => {
    const stop = new AbortController()
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort())
    const loaded = loadFor(context)
    const { files } = await openRecordingFiles(loaded, process.env)
    const folder = optionText(context, 'folder') ?? ''
    const pass = createShipper({
      ...guacamole,
      owned: () => guacamole.guacamole.owned(),
      folder,
      missingAfter: guacamole.settings.recording?.missingAfter,
      files,
      signer: await openSigner(loaded),
      clock: systemClock,
    })
    if (context.options['once'] === true) {
      const done = await pass(stop.signal)
      context.output.document(done, () => textOf(done))
      const failed = done.files.some((one) => one.outcome === 'failed')
      return failed || done.missing.length > 0 ? exitCodes.failed : exitCodes.ok
    }
    const log = createLog(process.env['LOG_LEVEL'] ?? 'info', 'enchilada-ship')
    log.info({ folder, store: loaded.config.recordings.s3?.url ?? loaded.config.recordings.directory }, 'ships')
    const metrics = shipMetrics(optionText(context, 'metrics'))
    await shipUntil({ pass, clock: systemClock, log, metrics }, stop.signal)
    log.info({}, 'stopped')
    return exitCodes.ok
  })

function textOf({ files, missing }: ShipPass): string {
  const said = (one: ShipPass['files'][number]) =>
    one.outcome === 'shipped' ? one.recording : one.outcome === 'failed' ? `${one.why} (${one.code})` : one.why
  return [
    files.length === 0
      ? 'Nothing is recorded here.'
      : table(
          ['FILE', '', ''],
          files.map((one) => [one.file, one.outcome, said(one)]),
        ),
    ...missing.map((one) => `No recording of ${one.person} on ${one.name}, ${new Date(one.startedAt).toISOString()}.`),
  ].join('\n')
}
