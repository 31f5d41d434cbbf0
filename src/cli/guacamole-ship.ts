import { openSigner } from '../config/audit-stores.ts'
import { openRecordingFiles } from '../config/recording-store.ts'
import { type ShipPass, ship } from '../guacamole/ship.ts'
import { systemClock } from '../kernel/clock.ts'
import { reasonOf } from '../kernel/errors.ts'
import { createLog } from '../kernel/log.ts'
import { type Command, optionText } from './command.ts'
import { exitCodes } from './exit.ts'
import { withGuacamole } from './guacamole-open.ts'
import { loadFor } from './load-for.ts'
import { table } from './output.ts'

const EVERY_MS = 15_000

/** Brings what guacd recorded into the store: once, or until a signal. Exit 1 when a file failed or a recording is missing. */
export const shipGuacamole: Command = (context) =>
  withGuacamole(context, async (guacamole) => {
    const loaded = loadFor(context)
    const { files } = await openRecordingFiles(loaded, process.env)
    const signer = await openSigner(loaded)
    const log = createLog(process.env['LOG_LEVEL'] ?? 'info', 'enchilada-ship')
    const pass = () =>
      ship({
        ...guacamole,
        owned: () => guacamole.guacamole.owned(),
        folder: optionText(context, 'folder') ?? '',
        missingAfter: guacamole.settings.recording?.missingAfter,
        files,
        signer,
        clock: systemClock,
      })
    if (context.options['once'] === true) {
      const done = await pass()
      context.output.document(done, () => textOf(done))
      const failed = done.files.some((one) => one.outcome === 'failed')
      return failed || done.missing.length > 0 ? exitCodes.failed : exitCodes.ok
    }
    const told = new Set<string>()
    const stop = new AbortController()
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort())
    const { signal } = stop
    while (!signal.aborted) {
      await pass().then(
        (done) => tell(done, told),
        (error: unknown) => log.error({ reason: reasonOf(error) }, 'a pass failed; it comes again'),
      )
      await systemClock.sleep(EVERY_MS, signal).catch(() => undefined)
    }
    return exitCodes.ok

    function tell({ files: seen, missing }: ShipPass, known: Set<string>): void {
      for (const one of seen) {
        if (one.outcome === 'shipped') log.info(one, 'shipped')
        // Told once, not each quarter of a minute.
        else if (one.outcome === 'failed' && !known.has(`${one.file} ${one.code}`)) {
          known.add(`${one.file} ${one.code}`)
          log.error(one, 'not shipped')
        }
      }
      for (const one of missing.filter(({ session }) => !known.has(session))) {
        known.add(one.session)
        log.error(one, 'a session has no recording')
      }
    }
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
