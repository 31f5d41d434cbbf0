/** `2026-11-28 18:43:18` in the reader's time zone: short, and read alike everywhere. Swedish writes it so. */
const clock = new Intl.DateTimeFormat('sv', { dateStyle: 'short', timeStyle: 'medium' })

export const when = (ms: number | undefined): string => (ms === undefined ? '–' : clock.format(ms))

const relative = new Intl.RelativeTimeFormat('en', { style: 'short' })

/** `12 sec. ago` */
export function ago(ms: number, now: number): string {
  const seconds = Math.round((ms - now) / 1000)
  if (seconds > -90) return relative.format(Math.min(0, seconds), 'second')
  if (seconds > -5_400) return relative.format(Math.round(seconds / 60), 'minute')
  return seconds > -172_800
    ? relative.format(Math.round(seconds / 3_600), 'hour')
    : relative.format(Math.round(seconds / 86_400), 'day')
}

export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return parts.map((part) => String(part).padStart(2, '0')).join(':')
}

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`
  return count < 1024 * 1024 ? `${(count / 1024).toFixed(1)} KB` : `${(count / 1024 / 1024).toFixed(1)} MB`
}

/** `closed-by-person` → `closed by person`. */
export const words = (code: string | undefined): string => (code ?? '').replaceAll('-', ' ')
