import { BlockList, isIP } from 'node:net'
import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'
import { isLoopbackAddress } from '../../kernel/loopback.ts'

export type ClientAddress = {
  /** Who is asking, for limits and the trail. Of X-Forwarded-For only what trusted proxies wrote is believed. */
  of(c: Context): string
  /** A program on this machine, with nobody behind it. */
  isThisMachine(c: Context): boolean
}

/** `trustedProxies`: addresses and CIDR blocks. */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const trusted = new BlockList()
  for (const block of trustedProxies) {
    const [address = '', length] = block.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    trusted.addSubnet(address, length === undefined ? (family === 'ipv6' ? 128 : 32) : Number(length), family)
  }
  const isTrusted = (address: string) => {
    const version = isIP(address)
    return version !== 0 && trusted.check(address, version === 6 ? 'ipv6' : 'ipv4')
  }
  return {
    of(c) {
      const hops = [...(c.req.header('x-forwarded-for') ?? '').split(','), peerOf(c) ?? 'unknown']
        .map((hop) => hop.trim())
        .filter(Boolean)
      // From the nearest hop outwards: the first that is none of ours is who asks.
      return hops.findLast((hop) => !isTrusted(hop)) ?? hops[0] ?? 'unknown'
    },
    isThisMachine(c) {
      const peer = peerOf(c)
      const isForwarded = c.req.header('x-forwarded-for') !== undefined || c.req.header('forwarded') !== undefined
      return !isForwarded && peer !== undefined && isLoopbackAddress(peer)
    },
  }
}

/** The other end of the socket; undefined for a request made in this process. */
const peerOf = (c: Context): string | undefined => (c.env?.incoming ? getConnInfo(c).remote.address : undefined)
