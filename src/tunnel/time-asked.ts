import { parseDuration } from '../kernel/duration.ts'
import type { Environment } from './environment.ts'
import { tunnelErrors } from './errors.ts'

/** EC2 bills a minute at least, and no server is of use before its first. */
const SHORTEST_MS = 60_000

/** How long an engineer wants a server to live, in milliseconds. What is not understood or not allowed is refused, never replaced. */
export function timeAsked(text: string, { name, limits }: Pick<Environment, 'name' | 'limits'>): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms >= SHORTEST_MS && ms <= limits.longest) return ms
  throw tunnelErrors.TUNNEL_TIME_INVALID({ time: text, environment: name, longest: inMinutes(limits.longest) })
}

const inMinutes = (ms: number): string => {
  const minutes = Math.floor(ms / 60_000)
  const [h, m] = [Math.floor(minutes / 60), minutes % 60]
  return `${h > 0 ? `${h}h` : ''}${m > 0 || h === 0 ? `${m}m` : ''}`
}
