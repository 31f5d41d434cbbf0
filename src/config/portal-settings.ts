import * as z from 'zod'
import { secureUrl } from '../kernel/loopback.ts'
import { secretSourceSchema } from '../kernel/secret-source.ts'

export const portalSettings = z.strictObject({
  url: secureUrl.describe('Where people reach the portal; http only on loopback'),
  listen: z
    .string()
    .regex(/^(\[[0-9a-f:]+\]|[\w.-]+):\d{1,5}$/, 'an address and a port, such as 127.0.0.1:8080')
    .refine((text) => Number(text.split(':').at(-1)) <= 65_535, 'the highest port is 65535')
    .default('127.0.0.1:8080')
    .describe('Where the process listens; TLS ends at a load balancer in front'),
  trustedProxies: z
    .array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]))
    .default([])
    .describe('Peers whose X-Forwarded-For is believed'),
  metricsToken: secretSourceSchema
    .optional()
    .describe('Bearer token for /metrics; without it only loopback may read them'),
})
export type PortalSettings = z.infer<typeof portalSettings>
