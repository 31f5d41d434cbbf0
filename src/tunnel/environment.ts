import * as z from 'zod'
import { duration } from '../kernel/duration.ts'
import { scopeSchema } from '../model/scope.ts'
import { engineNames } from './engines/engine.ts'
import { writtenZone } from './zones.ts'

/**
 * What an engineer opens a tunnel into: one customer's management VPC, in one account, in one or several regions. Everything in it may
 * be read by everybody who may use it; it holds no secret.
 */
const networkSchema = z.strictObject({
  region: scopeSchema.shape.region,
  vpc: z.string().regex(/^vpc-[0-9a-f]{8,17}$/),
  /** Public subnets, best in several zones: the next is tried where one has no capacity. */
  subnets: z.array(z.string().regex(/^subnet-[0-9a-f]{8,17}$/)).min(1),
  /** Lets the engine's ports in: UDP 51820 for WireGuard, UDP and TCP 443 for OpenVPN; the management stack makes it. */
  securityGroup: z.string().regex(/^sg-[0-9a-f]{8,17}$/),
  /** Who answers names of the VPC, where that is not the base of its only network plus two. */
  resolver: z.ipv4().optional(),
})
export type EnvironmentNetwork = z.infer<typeof networkSchema>

const limitsSchema = z.strictObject({
  /** The server ends then, whatever happens, unless it is extended. */
  ttl: duration.prefault('8h'),
  /** `extend` reaches no further than this after the launch. */
  longest: duration.prefault('12h'),
  /** Ends when nobody has shaken hands by then. */
  firstHandshake: duration.prefault('3m'),
  /** How long a silent laptop may come back to the same server. */
  grace: duration.prefault('5m'),
  /** Ends after so long without a forwarded packet. */
  idle: duration.prefault('1h'),
})
export type TunnelLimits = z.infer<typeof limitsSchema>

export const environmentSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,47}$/),
  tenant: scopeSchema.shape.tenant.prefault('default'),
  account: scopeSchema.shape.account,
  /** Name of the role that an engineer has in that account; absent: the credentials at hand are of the account already. */
  role: z
    .string()
    .regex(/^[\w+=,.@-]{1,64}$/)
    .optional(),
  /** Name of the role that the reaper of `serve` has there; `EnchiladaTunnelReaper-NAME` unless another is named. */
  reaperRole: z
    .string()
    .regex(/^[\w+=,.@-]{1,64}$/)
    .optional(),
  /** The first is taken unless `--region` names another. */
  networks: z.array(networkSchema).min(1),
  engine: z.enum(engineNames).prefault('wireguard'),
  /** Name of the server's instance profile: it may write to one log group and nothing else. */
  instanceProfile: z
    .string()
    .regex(/^[\w+=,.@-]{1,128}$/)
    .prefault('EnchiladaTunnelServer'),
  /** CloudWatch Logs group of connects and disconnects. */
  logGroup: z
    .string()
    .regex(/^[\w./#-]{1,512}$/)
    .prefault('/enchilada/tunnel'),
  /** Tried in this order; the architecture of the image follows the type. */
  instanceTypes: z
    .array(z.string().regex(/^[a-z0-9-]+\.[a-z0-9]+$/))
    .min(1)
    .prefault(['t4g.nano', 't3a.nano', 't3.nano']),
  limits: limitsSchema.prefault({}),
  dns: z
    .strictObject({
      /** Private zones that the VPC's resolver answers; those of its region and of leased addresses come by themselves. */
      zones: z.array(writtenZone).max(50).prefault([]),
    })
    .prefault({}),
})
export type Environment = z.infer<typeof environmentSchema>
