/** Names and addresses of the lab's namespaces; all of it pure. Link names have at most 15 characters. */

export type Cidr = { first: number; bits: number }

export function parseCidr(text: string): Cidr {
  const [address = '', length = '32'] = text.split('/')
  const bits = Number(length)
  const size = 2 ** (32 - bits)
  return { first: Math.floor(toNumber(address) / size) * size, bits }
}

export const overlap = (one: string, other: string): boolean => {
  const [a, b] = [parseCidr(one), parseCidr(other)]
  return a.first < b.first + 2 ** (32 - b.bits) && b.first < a.first + 2 ** (32 - a.bits)
}

/** As in a real VPC, the first address of a subnet is its router's. */
export const gatewayOf = (subnet: string): string => toText(parseCidr(subnet).first + 1)

export const lengthOf = (cidr: string): number => parseCidr(cidr).bits

/** The n-th /30 of 100.64.0.0/10, which no VPC may use: the world's end and the VPC's. */
export function cableOf(n: number): { world: string; vpc: string } {
  const first = toNumber('100.64.0.0') + 4 * n
  return { world: toText(first + 1), vpc: toText(first + 2) }
}

const toNumber = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)

const toText = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')
