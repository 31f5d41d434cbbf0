import { readFileSync } from 'node:fs'
import { parseDocument } from 'yaml'
import * as z from 'zod'
import { observerEnvironment } from '../src/lambda/environment.ts'
import { guacamoleEnvironment } from '../src/lambda/follower-environment.ts'
import { managementVpc } from './management-vpc-settings.ts'
import { account, LOG_DAYS, region } from './setting-kinds.ts'

const organization = z.string().regex(/^o-[a-z0-9]{10,32}$/, 'an organisation id such as o-abcdef1234')

const workloads = z.strictObject({
  accounts: z.array(account).min(1),
  role: z
    .string()
    .regex(/^[\w+=,.@/-]{1,512}$/, 'the name of a role, not its ARN')
    .default('OrganizationAccountAccessRole')
    .describe('Role in each of them that admits whoever deploys; the management account needs none'),
})

const secretArn = z.string().regex(/^arn:[^:]+:secretsmanager:/, 'the ARN of a secret')
const subnetIds = z.array(z.string().regex(/^subnet-[0-9a-f]+$/)).min(1)
const securityGroupId = z.string().regex(/^sg-[0-9a-f]+$/)

const database = z.strictObject({
  secretArn,
  tls: z.enum(['verify-full', 'disable']).default('verify-full'),
  vpcId: z.string().regex(/^vpc-[0-9a-f]+$/),
  availabilityZones: z.array(z.string()).min(1),
  subnetIds,
  securityGroupId: securityGroupId.describe('Its members reach the database, SQS, Secrets Manager and CloudWatch Logs'),
})

const guacamole = z.strictObject({
  target: z.looseObject({}).describe('`catalogue.guacamole` of enchilada.yaml, word for word'),
  secrets: z
    .record(z.string(), secretArn)
    .describe('What `target` names as { env: NAME }: the ARN of a secret that holds it as plain text'),
  subnetIds: subnetIds
    .optional()
    .describe('In the VPC of the database: from where Guacamole is reached; default: its subnets'),
  securityGroupId: securityGroupId.optional().describe('Beside that of the database: its members reach Guacamole'),
})

const evidence = z.strictObject({
  lock: z
    .enum(['governance', 'compliance'])
    .default('governance')
    .describe('With `compliance` nobody at all can delete a recording before its time'),
  lockDays: z.int().min(1).max(36_500).default(365),
  trailDays: z
    .int()
    .refine((days) => LOG_DAYS.includes(days), { error: `one of ${LOG_DAYS.join(', ')}` })
    .default(3653),
})

/** Lambda takes 4 KB of variables for a function (Lambda Developer Guide, "Lambda quotas"), and there are others. */
const ENVIRONMENT_BYTES = 3_000
const TOO_LONG = `longer than the ${ENVIRONMENT_BYTES} characters that there is room for in the environment of a function`

/** As the follower is told. */
export const followedBy = ({ target, secrets }: z.output<typeof guacamole>) =>
  ({
    ENCHILADA_GUACAMOLE: JSON.stringify(target),
    GUACAMOLE_SECRETS: JSON.stringify(secrets),
  }) satisfies z.input<typeof guacamoleEnvironment>

/** What a customer writes once, in a file that every command reads: settings.yaml, or `-c settings=FILE`. */
export const deploySettings = z
  .strictObject({
    organization: organization.describe('Its accounts may send events; nobody else may'),
    furtherOrganizations: z.array(organization).default([]).describe('Organisations of customers that may send events'),
    sharedAccount: account.describe('Account of the queue, the portal and the functions'),
    managementAccount: account.optional().describe('Or the account that administers Organizations for it'),
    homeRegion: region.describe('Region of the queue, the portal and the functions'),
    regions: z.array(region).min(1).describe('Regions whose instances are followed'),
    workloads: workloads.optional().describe('Accounts that are deployed all at once, from the management account'),
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
    database: database.optional().describe('With functions: where the writer finds PostgreSQL'),
    guacamole: guacamole.optional().describe('With functions: the Apache Guacamole that a function keeps in step'),
    sweepMinutes: z.int().min(1).max(1440).default(15),
    evidence: evidence.prefault({}).describe('How long the trail and the recordings are kept'),
    managementVpcs: z.array(managementVpc).default([]).describe('Environments of the tunnel, one stack each'),
    alarmTopicArn: z
      .string()
      .regex(/^arn:[^:]+:sns:/)
      .optional()
      .describe('Told when an alarm begins and ends'),
  })
  .superRefine((settings, ctx) => {
    const fault = (path: PropertyKey[], message: string) => ctx.addIssue({ code: 'custom', path, message })
    const { discovery, aws, homeRegion, regions, guacamole } = settings
    const names = settings.managementVpcs.map((one) => one.environment)
    for (const [at, name] of names.entries()) {
      if (names.indexOf(name) < at) fault(['managementVpcs', at, 'environment'], `${name} is the name of another too`)
    }
    if (!regions.includes(homeRegion)) fault(['regions'], `without the home region ${homeRegion}: roles are made there`)
    if (discovery === 'serve') {
      if (guacamole) fault(['guacamole'], 'only with functions; `serve` takes it from enchilada.yaml')
      return
    }
    if (!settings.database) fault(['database'], 'missing: the writer needs its database')
    // Held against what the function will ask of it; CloudFormation fills the queue in.
    const asked = observerEnvironment.shape.ENCHILADA_AWS.safeParse(
      JSON.stringify({ ...aws, homeRegion, eventQueue: 'https://queue.example' }),
    )
    for (const issue of asked.error?.issues ?? []) fault(['aws', ...issue.path], issue.message)
    if (!guacamole) return
    const told = followedBy(guacamole)
    if (Object.values(told).join('').length > ENVIRONMENT_BYTES) fault(['guacamole'], TOO_LONG)
    const followed = guacamoleEnvironment.safeParse(told)
    for (const { path, message } of followed.error?.issues ?? [])
      fault(['guacamole', 'target', ...path.slice(1)], message)
  })
export type DeploySettings = z.output<typeof deploySettings>

/** Every fault at once, as text for a person. */
export function readDeploySettings(path: string): DeploySettings {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new Error(`there is no ${path}: copy settings.example.yaml, or name a file by -c settings=FILE`, { cause })
  }
  const document = parseDocument(text, { prettyErrors: true })
  const broken = [...document.errors, ...document.warnings].map((error) => error.message)
  if (broken.length > 0) throw new Error(`${path} is neither YAML nor JSON:\n${broken.join('\n')}`)
  const read = deploySettings.safeParse(document.toJS() ?? {})
  if (read.success) return read.data
  const faults = read.error.issues.map(
    ({ path: at, message }) => `  - ${at.map(String).join('.') || '(the file)'}: ${message}`,
  )
  throw new Error(`${path} has faults:\n${faults.join('\n')}`, { cause: read.error })
}
