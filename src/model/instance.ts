import * as z from 'zod'

export const instanceStateSchema = z.enum(['pending', 'running', 'shutting-down', 'terminated', 'stopping', 'stopped'])
export type InstanceState = z.infer<typeof instanceStateSchema>

export const instanceIdSchema = z.string().regex(/^i-[0-9a-f]{8,17}$/)

/** One EC2 instance as DescribeInstances said it, cut to what access needs. Addresses are facts of that moment only. */
export const instanceSchema = z.object({
  id: instanceIdSchema,
  state: instanceStateSchema,
  platform: z.enum(['linux', 'windows']),
  imageId: z.string(),
  instanceType: z.string(),
  availabilityZone: z.string(),
  launchedAt: z.number(),
  vpcId: z.string().optional(),
  subnetId: z.string().optional(),
  privateIp: z.string().optional(),
  publicIp: z.string().optional(),
  keyName: z.string().optional(),
  tags: z.record(z.string(), z.string()),
})
export type Instance = z.infer<typeof instanceSchema>

/** Will never run again: EC2 has no way back from here. */
export const isEnded = (state: InstanceState): boolean => state === 'shutting-down' || state === 'terminated'
