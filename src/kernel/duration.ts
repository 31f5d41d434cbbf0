import * as z from 'zod'

const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const
const PATTERN = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/

/** `1h30m` → milliseconds; undefined for anything that is not exactly days, hours, minutes, seconds in that order. */
export function parseDuration(text: string): number | undefined {
  const match = PATTERN.exec(text)
  if (!match || text === '') return undefined
  const [, d, h, m, s] = match
  return Number(d ?? 0) * UNITS.d + Number(h ?? 0) * UNITS.h + Number(m ?? 0) * UNITS.m + Number(s ?? 0) * UNITS.s
}

/** A configuration value such as `90s` or `1h30m`, in milliseconds after validation. */
export const duration = z.string().transform((text, ctx) => {
  const ms = parseDuration(text)
  if (ms === undefined) {
    ctx.addIssue({ code: 'custom', message: `"${text}" is no duration: write it as 90s, 15m or 1h30m` })
    return z.NEVER
  }
  return ms
})
