import { tunnelErrors } from '../tunnel/errors.ts'
import { isHeld, type JournalEntry } from '../tunnel/journal.ts'
import { settle } from '../tunnel/settle.ts'
import type { Command } from './command.ts'
import { exitCodes } from './exit.ts'
import { laptopOf } from './tunnel-parts.ts'

const LOOK_MS = 50
const HOLDER_ENDS_WITHIN_MS = 60_000

/** Ends tunnels of this machine: of one environment or lease, or all. A holder that lives is asked; what a dead one left is ended here. */
export const down: Command = async (context) => {
  const laptop = laptopOf(context)
  const { journal, clock } = laptop
  const [name] = context.args
  await laptop.door.apply({ action: 'repair' })
  const { entries } = await journal.list()
  const wanted = entries.filter(({ lease }) => name === undefined || lease.environment === name || lease.id === name)
  if (name !== undefined && wanted.length === 0) throw tunnelErrors.TUNNEL_LEASE_UNKNOWN({ name })
  const trail = await laptop.openTrail()
  try {
    for (const entry of wanted) {
      if (!(isHeld(entry) && (await askHolder(entry)))) await settle({ ...laptop, trail }, entry, 'holder-died')
    }
  } finally {
    await trail.close()
  }
  const ended = wanted.map(({ lease, instanceId }) => ({ lease: lease.id, environment: lease.environment, instanceId }))
  context.output.document(
    { ended },
    () => ended.map(({ environment }) => `${environment} is closed`).join('\n') || 'nothing was open',
  )
  return exitCodes.ok

  /** False when it went without ending its tunnel. */
  async function askHolder({ holder, lease }: JournalEntry): Promise<boolean> {
    process.kill(holder.pid, 'SIGTERM')
    const giveUpAt = clock.now() + HOLDER_ENDS_WITHIN_MS
    while (clock.now() < giveUpAt) {
      const left = (await journal.list()).entries.find((one) => one.lease.id === lease.id)
      if (!left) return true
      if (!isHeld(left)) return false
      await clock.sleep(LOOK_MS)
    }
    return false
  }
}
