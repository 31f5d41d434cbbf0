import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '../kernel/clock.ts'
import { processStart } from '../kernel/process-start.ts'
import { ProgramMissing, type RunResult } from '../kernel/run.ts'
import type { NetworkAnswer, NetworkDocument, NetworkUp } from '../tunnel/network-document.ts'
import { checkMachine } from './check-machine.ts'
import { netconfErrors } from './errors.ts'
import { meetByManagement } from './meet-by-management.ts'
import { ownFolder } from './own-folder.ts'
import { type Handshake, type Made, planDown, planUp, type Step, type System } from './plan.ts'
import { setDns } from './set-dns.ts'
import { isOrphaned, type UndoJournal } from './undo-journal.ts'

export type NetconfParts = {
  system: System
  folder: string
  journal: UndoJournal
  clock: Clock
  isInstalled(program: string): boolean
  run(argv: readonly string[], options?: { input?: string }): Promise<RunResult>
}

type ByLook = Extract<Handshake, { by: 'look' }>

/** WireGuard tries a handshake every 5 s; a peer that is made anew tries at once. */
const RENEW_MS = 350
/** A server so long on its way may be there and further away than that: one attempt of four is waited for. */
const FAR_AFTER_MS = 20_000
const FAR_EVERY = 4
const FAR_MS = 2_000
const LOOK_MS = 50

/** Sets and unsets what one document says. Everything set is undone when a later step fails, or `signal` cuts it short. */
export function createNetconf(parts: NetconfParts) {
  const { system, folder, journal, clock } = parts

  const attempt = async ({ tries, input }: Step): Promise<void> => {
    let last: unknown
    for (const argv of tries) {
      try {
        const { code, stdout, stderr } = await parts.run(argv, input === undefined ? {} : { input })
        if (code === 0) return
        const reason = stderr.trim() || stdout.trim() || `exit ${code}`
        last = netconfErrors.NETCONF_STEP_FAILED({ command: argv.join(' '), reason })
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

  async function look({ look: argv, answered, renew }: ByLook, giveUpAt: number, signal: AbortSignal) {
    const begun = clock.now()
    let renewed = begun
    let attempts = 1
    while (clock.now() < giveUpAt) {
      if (answered.test((await parts.run(argv)).stdout)) return true
      const isFar = renewed - begun > FAR_AFTER_MS && attempts % FAR_EVERY === 0
      if (clock.now() - renewed > (isFar ? FAR_MS : RENEW_MS)) {
        for (const step of renew) await attempt(step)
        renewed = clock.now()
        attempts += 1
      }
      await clock.sleep(LOOK_MS, signal)
    }
    return false
  }

  async function shakeHands(document: NetworkUp, handshake: Handshake, signal: AbortSignal): Promise<number> {
    const { endpoint, engine, handshakeWithinMs } = document
    const begun = clock.now()
    const giveUpAt = begun + handshakeWithinMs
    const met =
      handshake.by === 'look'
        ? await look(handshake, giveUpAt, signal)
        : await meetByManagement(handshake, { clock, attempt }, giveUpAt, signal)
    if (met) return clock.now() - begun
    const seconds = Math.round(handshakeWithinMs / 1000)
    throw netconfErrors.NETCONF_NO_HANDSHAKE({ endpoint: `${endpoint}:${engine.port}`, seconds })
  }

  async function up(document: NetworkUp, signal: AbortSignal): Promise<NetworkAnswer> {
    const { device, routes, owner, dns, replaces } = document
    const made: Made = { engine: document.engine.name, device, routes, dns: dns !== undefined }
    const plan = planUp(system, document, folder)
    // Before anything is written there: what others may write is acted upon, and what they may read holds a key.
    await mkdir(folder, { recursive: true, mode: 0o755 })
    for (const step of ownFolder(system, folder)) await attempt(step)
    await journal.write({ ...made, routes, owner, ownerStart: processStart(owner) })
    try {
      for (const { path, text } of plan.files) {
        await mkdir(dirname(path), { recursive: true })
        await writeFile(path, text, { mode: 0o600 })
      }
      for (const step of plan.before) await attempt(step)
      for (const { path, brief } of plan.files) if (brief) await rm(path)
      const names = dns && setDns({ system, run: parts.run, attempt }, device, dns, replaces)
      // Only Linux takes over what another device has; elsewhere it must be free.
      const takesOver = replaces === undefined || system === 'linux'
      if (takesOver) names?.begin()
      const handshakeMs = await shakeHands(document, plan.handshake, signal)
      if (!takesOver) await undoAll((await journal.list()).filter((one) => one.device === replaces))
      for (const step of plan.after) {
        signal.throwIfAborted()
        await attempt(step)
      }
      if (!names) return { handshakeMs }
      const { zones, warnings } = await names.finish()
      return { handshakeMs, zones, warnings: warnings.map((one) => one.toJSON()) }
    } catch (error) {
      await undo(made)
      throw error
    }
  }

  async function undoAll(several: readonly Made[]): Promise<void> {
    for (const one of several) await undo(one)
  }

  async function repair(): Promise<string[]> {
    const orphans = (await journal.list()).filter(isOrphaned)
    await undoAll(orphans)
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
      case 'repair': {
        // Said before a server is made that nobody could reach.
        if (document.engine) await checkMachine({ ...parts, attempt }, document.engine)
        return { repaired }
      }
    }
  }
}
