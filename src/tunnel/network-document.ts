import * as z from 'zod'
import { contains, isIpv4Cidr, rangeOf } from './addresses.ts'
import { engineNames } from './engines/engine.ts'
import { splitDnsSchema } from './zones.ts'

/**
 * All that the privileged door takes: addresses, keys, routes and zones, typed. No path, no command, no configuration text: what a
 * program with root's rights is told must not be able to say anything else.
 */
const address = z.ipv4()
const key = z.string().regex(/^[A-Za-z0-9+/]{43}=$/, 'a Curve25519 key, base64')
export const tunnelDevice = z.string().regex(/^ench[0-9a-f]{8}$/)

/** Wider than any network of a VPC or of a company: nobody's whole traffic is taken. */
const WIDEST_PREFIX = 8

const route = z
  .string()
  .refine((text) => isIpv4Cidr(text), 'an IPv4 network')
  .refine(
    (text) => !isIpv4Cidr(text) || rangeOf(text).prefix >= WIDEST_PREFIX,
    'wider than /8: the default route stays',
  )

export const tunnelRoutes = z.array(route).max(200)

/** A fault of another field is told by that field. */
const leadTo = (routes: readonly string[], host: string): boolean =>
  routes.some((one) => isIpv4Cidr(one) && isIpv4Cidr(`${host}/32`) && contains(one, `${host}/32`))

const port = z.number().int().min(1).max(65_535)
/** DER, at most what a small certificate takes. */
const der = z.base64().max(2_000)
const fingerprint = z.string().regex(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/, 'a SHA-256 fingerprint')

/** The client's half of an engine. `privateKey` is its own. */
const clientEngine = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('wireguard'), port, publicKey: key, privateKey: key }),
  z.strictObject({
    name: z.literal('openvpn'),
    /** UDP and TCP. */
    port,
    certificate: der,
    privateKey: der,
    /** Of the server's certificate. */
    fingerprint,
    controlKey: z.string().regex(/^[0-9a-f]{512}$/, 'a static key of OpenVPN'),
  }),
])
export type ClientEngine = z.infer<typeof clientEngine>

const upDocument = z
  .strictObject({
    action: z.literal('up'),
    device: tunnelDevice,
    /** Of the process that the tunnel serves: when it is gone, the next run undoes what it left. */
    owner: z.number().int().positive(),
    address,
    /** The server's public one. */
    endpoint: address,
    engine: clientEngine,
    /** The server's address within the tunnel. */
    serverAddress: address,
    routes: tunnelRoutes.min(1),
    dns: splitDnsSchema.optional(),
    /** Keeps its routes and zones until the new device has them; on Linux it is there until `down`. */
    replaces: tunnelDevice.optional(),
    handshakeWithinMs: z.number().int().min(1_000).max(600_000),
  })
  .refine(
    ({ routes, endpoint }) => !leadTo(routes, endpoint),
    'the server itself would be reached through its own tunnel',
  )
  .refine(({ routes, dns }) => !dns || leadTo(routes, dns.resolver), 'no route leads to the resolver')

export const networkDocument = z.discriminatedUnion('action', [
  upDocument,
  z.strictObject({ action: z.literal('down'), device: tunnelDevice }),
  /** Undoes what processes left that are gone. `engine`: says whether this machine has the programs of that one. */
  z.strictObject({ action: z.literal('repair'), engine: z.enum(engineNames).optional() }),
])
export type NetworkDocument = z.infer<typeof networkDocument>
export type NetworkUp = z.infer<typeof upDocument>

/** What was not done, though the tunnel is up. */
const warning = z.object({ code: z.string(), message: z.string(), retryable: z.boolean(), hint: z.string() })
export type Warning = z.infer<typeof warning>

export const networkAnswer = z.object({
  handshakeMs: z.number().optional(),
  repaired: z.array(z.string()).optional(),
  /** Zones that this machine now asks the resolver for. */
  zones: z.array(z.string()).optional(),
  warnings: z.array(warning).optional(),
})
export type NetworkAnswer = z.infer<typeof networkAnswer>

/** What the tunnel asks of this machine; the command line does it by a privileged process of its own. */
export type LocalNetworkDoor = {
  apply(document: NetworkDocument, signal?: AbortSignal): Promise<NetworkAnswer>
}
