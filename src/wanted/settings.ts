import * as z from 'zod'
import { scopeSchema } from '../model/scope.ts'

const tagMatch = z
  .record(z.string().min(1).max(128), z.string().max(256))
  .describe('Tags that must be there; "*" takes any value')

const ruleSchema = z.strictObject({
  platform: z.enum(['linux', 'windows']).optional(),
  accounts: z.array(scopeSchema.shape.account).optional(),
  regions: z.array(scopeSchema.shape.region).optional(),
  tags: tagMatch.optional(),
  images: z
    .array(z.string().regex(/^ami-[0-9a-f]{8,17}$/, 'an AMI id, such as ami-0a1b2c3d4e5f60718'))
    .optional()
    .describe('AMI ids, for images of your own'),
  protocol: z.enum(['ssh', 'rdp', 'vnc']).describe('What to open'),
  port: z.number().int().min(1).max(65535).optional().describe('Default: 22, 3389 or 5900'),
  userName: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe('Login on the target; by default what the image lets in: ec2-user, ubuntu, admin, Administrator …'),
  credential: z.string().optional().describe('Name of an entry of `credentials`'),
  network: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'a name: small letters, digits and hyphens')
    .default('direct')
    .describe('Network that the address belongs to; `direct` is what this process can route to'),
})
export type ConnectionRule = z.infer<typeof ruleSchema>

const template = z
  .string()
  .min(1)
  .max(256)
  .refine((text) => !/[{}]/.test(text.replace(/\{[^{}]*\}/g, '')), { error: 'a brace is open, or closed twice' })
  .refine((text) => unknownFields(text).length === 0, {
    error: (issue) =>
      `unknown field ${unknownFields(String(issue.input)).join(', ')}; there are ${FIELDS.join(', ')} and tag:KEY`,
  })

export const FIELDS = [
  'instanceId',
  'account',
  'accountName',
  'region',
  'tenant',
  'privateIp',
  'instanceType',
  'availabilityZone',
] as const
export type Field = (typeof FIELDS)[number]

function unknownFields(text: string): string[] {
  return [...text.matchAll(/\{([^{}]*)\}/g)]
    .map((match) => match[1] ?? '')
    .filter((name) => !name.startsWith('tag:') && !FIELDS.some((field) => field === name))
}

export const connectionSettings = z.strictObject({
  rules: z
    .array(ruleSchema)
    .prefault([{ platform: 'linux', protocol: 'ssh' }])
    .describe('Every rule that fits gives a connection; without a rule that fits the instance cannot be opened'),
  name: template.default('{tag:Name}').describe('Display name; when it comes out empty, the instance id'),
  group: z
    .array(template)
    .max(8)
    .default(['{accountName}', '{region}'])
    .describe('Group path, outermost first; a part that comes out empty is left out'),
  optIn: tagMatch.optional().describe('Only instances with one of these tags'),
  optOut: tagMatch.prefault({ 'enchilada:access': 'none' }).describe('Never instances with one of these tags'),
})
export type ConnectionSettings = z.infer<typeof connectionSettings>
