import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '../kernel/clock.ts'
import { processStart } from '../kernel/process-start.ts'
import { ProgramMissing, type RunResult } from '../kernel/run.ts'
import type { NetworkAnswer, NetworkDocument, NetworkUp } from '../tunnel/network-document.ts'
import { netconfErrors } from './errors.ts'
import { type Made, planDown, planUp, type Step, type System } from './plan.ts'
import { isOrphaned, type UndoJournal } from './undo-journal.ts'

export type NetconfParts = {
  system: System
  folder: string
  journal: UndoJournal
  clock: Clock
  run(argv: readonly string[]): Promise<RunResult>
}

/** WireGuard tries a handshake every 5 s; a peer that is made anew tries at once. */
const RENEW_MS = 350
const LOOK_MS = 50

/** Sets and unsets what one document says. Everything set is undone when a later step fails, or `signal` cuts it short. */
export function createNetconf(parts: NetconfParts) {
  const { system, folder, journal, clock } = parts

  const attempt = async ({ tries }: Step): Promise<void> => {
    let last: unknown
    for (const argv of tries) {
      try {
        const { code, stderr } = await parts.run(argv)
        if (code === 0) return
        last = netconfErrors.NETCONF_STEP_FAILED({ command: argv.join(' '), reason: stderr.trim() || `exit ${code}` })
      } catch (cause) {
        if (!(cause instanceof ProgramMissing)) throw cause
        last = netconfErrors.NETCONF_PROGRAM_MISSING({ program: cause.program }, { cause })
      }
    }
    throw last
  }

  async function undo(made: Made): Promise<void> {
    const { steps, files } = planDown(system, made, folder)
    // A step fails where there is nothing to undo any more: the rest is undone all the same.
    for (const step of steps) await attempt(step).catch(() => undefined)
    for (const file of files) await rm(file, { force: true })
    await journal.forget(made.device)
  }

  async function shakeHands(document: NetworkUp, renew: readonly Step[], signal: AbortSignal): Promise<number> {
    const { device, peer, handshakeWithinMs } = document
    const begun = clock.now()
    let renewed = begun
    while (clock.now() - begun < handshakeWithinMs) {
      const { stdout } = await parts.run(['wg', 'show', device, 'latest-handshakes'])
      if (/\t[1-9]\d*$/m.test(stdout)) return clock.now() - begun
      if (clock.now() - renewed > RENEW_MS) {
        for (const step of renew) await attempt(step)
        renewed = clock.now()
      }
      await clock.sleep(LOOK_MS, signal)
    }
    const endpoint = `${peer.endpoint.address}:${peer.endpoint.port}`
    throw netconfErrors.NETCONF_NO_HANDSHAKE({ endpoint, seconds: Math.round(handshakeWithinMs / 1000) })
  }

  async function up(document: NetworkUp, signal: AbortSignal): Promise<NetworkAnswer> {
    const { device, routes, owner } = document
    const plan = planUp(system, document, folder)
    await journal.write({ device, routes, owner, ownerStart: processStart(owner) })
    try {
      for (const { path, text } of plan.files) {
        await mkdir(dirname(path), { recursive: true })
        await writeFile(path, text, { mode: 0o600 })
      }
      for (const step of plan.before) await attempt(step)
      for (const { path, brief } of plan.files) if (brief) await rm(path)
      const handshakeMs = await shakeHands(document, plan.renew, signal)
      for (const step of plan.after) {
        signal.throwIfAborted()
        await attempt(step)
      }
      return { handshakeMs }
    } catch (error) {
      await undo({ device, routes })
      throw error
    }
  }

  async function repair(): Promise<string[]> {
    const orphans = (await journal.list()).filter(isOrphaned)
    for (const orphan of orphans) await undo(orphan)
    return orphans.map(({ device }) => device)
  }

  return async (document: NetworkDocument, signal: AbortSignal): Promise<NetworkAnswer> => {
    const repaired = await repair()
    switch (document.action) {
      case 'up':
        return { ...(await up(document, signal)), repaired }
      case 'down': {
        const known = (await journal.list()).find(({ device }) => device === document.device)
        if (known) await undo(known)
        return { repaired }
      }
      case 'repair':
        return { repaired }
    }
  }
}
