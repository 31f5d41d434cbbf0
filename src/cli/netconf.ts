import { createInterface } from 'node:readline'
import * as z from 'zod'
import { systemClock } from '../kernel/clock.ts'
import { run } from '../kernel/run.ts'
import { netconfErrors } from '../netconf/errors.ts'
import { createNetconf } from '../netconf/netconf.ts'
import { folders, isSystem } from '../netconf/plan.ts'
import { isInstalled } from '../netconf/programs.ts'
import { openUndoJournal } from '../netconf/undo-journal.ts'
import { networkDocument } from '../tunnel/network-document.ts'
import type { Command } from './command.ts'
import { describeError, exitCodeOf, exitCodes } from './exit.ts'

/**
 * The privileged door: one document, a line, on stdin, one answer on stdout. It takes no argument and reads no configuration. Whoever waits for
 * the answer holds stdin open: its end, also by their death, undoes what is being done.
 */
export const netconf: Command = async () => {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => stop.abort(netconfErrors.NETCONF_REFUSED({ reason: `ended by ${signal}` })))
  }
  const asked = createInterface({ input: process.stdin })
  const document = new Promise<string>((resolve) => {
    asked.once('line', resolve)
    asked.once('close', () => {
      resolve('')
      stop.abort(netconfErrors.NETCONF_REFUSED({ reason: 'nobody waits for its answer' }))
    })
  })
  const write = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`)
  try {
    const { platform } = process
    if (!isSystem(platform)) throw netconfErrors.NETCONF_REFUSED({ reason: `${platform} is not supported` })
    const parsed = networkDocument.safeParse(parse(await document))
    if (!parsed.success) throw netconfErrors.NETCONF_REFUSED({ reason: z.prettifyError(parsed.error) })
    const apply = createNetconf({
      system: platform,
      folder: folders[platform],
      journal: openUndoJournal(folders[platform]),
      clock: systemClock,
      isInstalled,
      run,
    })
    write(await apply(parsed.data, stop.signal))
    return exitCodes.ok
  } catch (error) {
    process.stdout.write(`${describeError(error, { json: true })}\n`)
    return exitCodeOf(error)
  } finally {
    process.stdin.destroy()
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
