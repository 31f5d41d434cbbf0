import { contains, isIpv4Cidr } from './addresses.ts'

/** What a lease leads to, as it is written: `10.1.0.0/16`, `10.1.4.7/32`, or one port of one host, `10.1.4.7:22`. */
export type Target = { cidr: string; port?: number }

/** Undefined for what is none: a name, a port of a whole network, a port that there cannot be. */
export function readTarget(text: string): Target | undefined {
  const [address = '', port, ...more] = text.split(':')
  const cidr = address.includes('/') ? address : `${address}/32`
  if (!isIpv4Cidr(cidr) || more.length > 0) return undefined
  if (port === undefined) return { cidr }
  const number = Number(port)
  if (!/^\d{1,5}$/.test(port) || number < 1 || number > 65_535 || !cidr.endsWith('/32')) return undefined
  return { cidr, port: number }
}

export const writeTarget = ({ cidr, port }: Target): string =>
  port === undefined ? cidr : `${cidr.slice(0, -'/32'.length)}:${port}`

/** Routes know no ports: the networks that lead to what is leased, without those that another of them holds. */
export function networksOf(leased: readonly string[]): string[] {
  const networks = [...new Set(leased.map((one) => readTarget(one)?.cidr ?? one))]
  return networks.filter((one) => !networks.some((other) => other !== one && contains(other, one)))
}
