import { readFileSync } from 'node:fs'
import * as z from 'zod'

const account = z.string().regex(/^\d{12}$/, 'twelve digits')
const region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'a region such as eu-west-1')
const organization = z.string().regex(/^o-[a-z0-9]{10,32}$/, 'an organisation id such as o-abcdef1234')

/** What a customer writes once, in a file that every `cdk deploy` names: `-c settings=enchilada.deploy.json`. */
export const deploySettings = z
  .strictObject({
    organization: organization.describe('Its accounts may send events; nobody else may'),
    furtherOrganizations: z.array(organization).default([]).describe('Organisations of customers that may send events'),
    sharedAccount: account.describe('Account of the queue, the portal and the functions'),
    homeRegion: region.describe('Region of the queue, the portal and the functions'),
    regions: z.array(region).min(1).describe('Regions whose instances are followed'),
    externalId: z
      .string()
      .min(16)
      .max(1224)
      .optional()
      .describe('Asked for when a role of an account outside the organisation is assumed'),
    discovery: z
      .enum(['serve', 'lambda'])
      .default('serve')
      .describe('Who follows events: `enchilada serve`, or functions'),
    aws: z
      .strictObject({
        accounts: z.unknown().optional(),
        regions: z.unknown().optional(),
        exclude: z.unknown().optional(),
        organizationRole: z.string().optional(),
      })
      .prefault({})
      .describe('With functions: the part `aws` of enchilada.yaml'),
    tenant: z.string().default('default'),
    database: z
      .strictObject({
        secretArn: z.string().regex(/^arn:[^:]+:secretsmanager:/, 'the ARN of a secret'),
        tls: z.enum(['verify-full', 'disable']).default('verify-full'),
        vpcId: z.string().regex(/^vpc-[0-9a-f]+$/),
        availabilityZones: z.array(z.string()).min(1),
        subnetIds: z.array(z.string().regex(/^subnet-[0-9a-f]+$/)).min(1),
        securityGroupId: z
          .string()
          .regex(/^sg-[0-9a-f]+$/)
          .describe('Its members reach the database'),
      })
      .optional()
      .describe('With functions: where the writer finds PostgreSQL'),
    sweepMinutes: z.number().int().min(1).max(1440).default(15),
    alarmTopicArn: z
      .string()
      .regex(/^arn:[^:]+:sns:/)
      .optional()
      .describe('Told when an alarm begins and ends'),
  })
  .superRefine((settings, ctx) => {
    if (settings.discovery === 'lambda' && !settings.database) {
      ctx.addIssue({ code: 'custom', path: ['database'], message: 'missing: the writer needs its database' })
    }
  })
export type DeploySettings = z.output<typeof deploySettings>

/** Every fault at once, as text for a person. */
export function readDeploySettings(path: string): DeploySettings {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new Error(`${path} cannot be read as JSON: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
  const read = deploySettings.safeParse(value)
  if (read.success) return read.data
  const faults = read.error.issues.map(
    ({ path: at, message }) => `  - ${at.map(String).join('.') || '(the file)'}: ${message}`,
  )
  throw new Error(`${path} has faults:\n${faults.join('\n')}`, { cause: read.error })
}
