/**
 * USD an hour, on demand, Linux, us-east-1; other regions are up to a third dearer. From AWS's public price pages on the date below: it says
 * what a tunnel costs beside what it replaces, it is no bill.
 */
export const PRICES = {
  date: '2026-11-22',
  instances: { 't4g.nano': 0.0042, 't3a.nano': 0.0047, 't3.nano': 0.0052, 't4g.micro': 0.0084 } as Record<
    string,
    number
  >,
  publicIpv4: 0.005,
  /** 8 GB of gp3. */
  volume: 0.0009,
  clientVpn: { association: 0.1, connection: 0.05 },
} as const

/** An hour of a server; undefined for a type that the table does not know. */
export function hourly(type: string): number | undefined {
  const instance = PRICES.instances[type]
  return instance === undefined ? undefined : instance + PRICES.publicIpv4 + PRICES.volume
}

/** EC2 bills by the second and a minute at least. */
export const sessionCost = (perHour: number, ms: number): number => (perHour * Math.max(ms, 60_000)) / 3_600_000

/** What `hours` a day cost in a month of `days` working days, beside AWS Client VPN with one subnet associated all the time. */
export function compareMonth(perHour: number, hours: number, days: number): { tunnel: number; clientVpn: number } {
  const { association, connection } = PRICES.clientVpn
  return { tunnel: perHour * hours * days, clientVpn: association * 730 + connection * hours * days }
}
