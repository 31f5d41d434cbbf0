import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type CodedError, isCoded, reasonOf } from '../kernel/errors.ts'
import type { RunResult } from '../kernel/run.ts'
import type { SplitDns } from '../tunnel/zones.ts'
import { planDns, undoDns } from './dns-plan.ts'
import { netconfErrors } from './errors.ts'
import type { Step, System } from './plan.ts'

export type DnsParts = {
  system: System
  run(argv: readonly string[]): Promise<RunResult>
  attempt(step: Step): Promise<void>
}

export type DnsSet = { zones: string[]; warnings: CodedError[] }

/**
 * Has this machine ask the resolver for the zones that lead nowhere else yet. `begin` does what may be done before the peer answers, while nobody waits for it;
 * `finish` the rest. A tunnel without names is better than none: what fails is told.
 */
export function setDns(
  { system, run, attempt }: DnsParts,
  device: string,
  { resolver, zones }: SplitDns,
  replaces?: string,
): { begin(): void; finish(): Promise<DnsSet> } {
  const plan = planDns(system, device, replaces)
  let begun: ReturnType<typeof prepare> | undefined

  async function prepare() {
    if (plan.heeded) {
      await attempt(plan.heeded).catch((cause: unknown) => {
        throw netconfErrors.NETCONF_DNS_UNHEEDED({ resolver }, { cause })
      })
    }
    const taken = plan.taken((await run(plan.look)).stdout).filter(({ zone }) => zones.includes(zone))
    const free = zones.filter((zone) => !taken.some((one) => one.zone === zone))
    const { before, files, after } = plan.set({ resolver, zones: free })
    if (free.length > 0) for (const step of before) await attempt(step)
    return { taken, free, files, after }
  }

  async function finish(): Promise<DnsSet> {
    try {
      const { taken, free, files, after } = await (begun ?? prepare())
      const warnings = taken.map((one) => netconfErrors.NETCONF_ZONE_TAKEN(one))
      if (free.length === 0) return { zones: [], warnings }
      for (const { path, text } of files) {
        await mkdir(dirname(path), { recursive: true })
        // One that is there by now is another's.
        await writeFile(path, text, { flag: 'wx' })
      }
      for (const step of after) await attempt(step)
      return { zones: free, warnings }
    } catch (cause) {
      if (isCoded(cause) && cause.code === netconfErrors.NETCONF_DNS_UNHEEDED.code)
        return { zones: [], warnings: [cause] }
      for (const step of undoDns(system, device)) await attempt(step).catch(() => undefined)
      const failed = netconfErrors.NETCONF_DNS_FAILED({ resolver, reason: reasonOf(cause) }, { cause })
      return { zones: [], warnings: [failed] }
    }
  }

  return {
    begin() {
      begun = prepare()
      // It is `finish` that tells.
      begun.catch(() => undefined)
    },
    finish,
  }
}
