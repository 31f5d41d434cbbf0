import * as z from 'zod'
import { secretSourceSchema } from '../kernel/secret-source.ts'
import { instanceIdSchema } from '../model/instance.ts'
import { scopeSchema } from '../model/scope.ts'

const places = '{secretsManager: ARN}, {parameter: NAME}, {env: NAME} or {file: PATH}'
const source = z.union(
  [
    z.strictObject({
      secretsManager: z
        .string()
        .regex(/^arn:[^:]+:secretsmanager:/, 'the ARN of a secret')
        .describe('ARN of the secret'),
    }),
    z.strictObject({ parameter: z.string().min(1).describe('Name of an SSM parameter, SecureString') }),
    secretSourceSchema,
  ],
  { error: `a secret is not written here, but where it is: ${places}` },
)
export type CredentialSource = z.infer<typeof source>

const allowed = z
  .strictObject({
    accounts: z.array(scopeSchema.shape.account).optional(),
    instances: z.array(instanceIdSchema).optional(),
  })
  .refine((where) => where.accounts !== undefined || where.instances !== undefined, {
    error: 'name the accounts or the instances where this secret may go',
  })
  .describe('Where the secret may go. Tags cannot widen it')

const base = {
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'a name: small letters, digits and hyphens'),
  userName: z.string().min(1).max(64).optional(),
}

export const credentialSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...base,
    kind: z.literal('instance-connect').describe('A key made for one session, pushed by EC2 Instance Connect'),
  }),
  z.strictObject({ ...base, kind: z.literal('private-key'), source, passphrase: source.optional(), allowed }),
  z.strictObject({ ...base, kind: z.literal('password'), source, allowed }),
])
export type CredentialSetting = z.infer<typeof credentialSchema>

export const credentialsSettings = z
  .array(credentialSchema)
  .refine((list) => new Set(list.map((one) => one.name)).size === list.length, {
    error: 'two credentials have one name',
  })
  .prefault([{ name: 'instance-connect', kind: 'instance-connect' }])
  .describe('What opens a target; the first is used where no rule names another')
export type CredentialsSettings = z.infer<typeof credentialsSettings>
