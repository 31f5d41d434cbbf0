import * as z from 'zod'
import { awsSettings } from '../aws/settings.ts'
import { environmentSchema } from '../tunnel/environment.ts'
import { lambdaErrors } from './errors.ts'

/** A variable that holds JSON. */
export const json = z.string().transform((text, ctx): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    ctx.addIssue({ code: 'custom', message: 'not JSON' })
    return z.NEVER
  }
})

export const logLevel = z.enum(['debug', 'info', 'warn', 'error']).default('info')

/** What the observer is told: where to look, and whom it tells. It knows no database. */
export const observerEnvironment = z.object({
  /** The part `aws` of enchilada.yaml, as JSON. */
  ENCHILADA_AWS: json.pipe(awsSettings),
  ENCHILADA_TENANT: z.string().default('default'),
  /** Observations go to it. */
  OBSERVATIONS_QUEUE_URL: z.url(),
  /** Whole scopes to list go to it, apart from events: a sweep must not hold up a launch. */
  SWEEP_QUEUE_URL: z.url(),
  /** Instances of it that may run at once: none knows what the others ask EC2, so each keeps to its part of the rate. */
  OBSERVERS: z.coerce.number().int().min(1).max(1_000),
  LOG_LEVEL: logLevel,
})

export const trailGroup = z.string().regex(/^[\w./#-]{1,512}$/)
export const secretArn = z.string().regex(/^arn:[^:]+:secretsmanager:/)

/** How a function finds our database. */
export const databaseVariables = {
  /** ARN of a secret as RDS writes it; JSON with host, port, username, password, dbname. */
  DATABASE_SECRET_ARN: secretArn,
  /** `verify-full` wants the certificate of RDS (NODE_EXTRA_CA_CERTS of the runtime has it). */
  DATABASE_TLS: z.enum(['verify-full', 'disable']).default('verify-full'),
}

/** What the writer is told: its database, and the queue of what has to be looked up again. It assumes no role. */
export const writerEnvironment = z.object({
  ...databaseVariables,
  EVENTS_QUEUE_URL: z.url(),
  /** Where the observations come from. Without it, what failed comes again only when its visibility time-out ends. */
  OBSERVATIONS_QUEUE_URL: z.url().optional(),
  /** Log group of the trail: the writer keeps a chain of its own there. Without it, its records wait for a `serve`. */
  TRAIL_GROUP: trailGroup.optional(),
  /** Scopes that changed go to it, where a function keeps a Guacamole in step. */
  GUACAMOLE_QUEUE_URL: z.url().optional(),
  AWS_REGION: z.string().min(1),
  LOG_LEVEL: logLevel,
})

/** What the reaper of a management account is told: its one environment, and where its trail goes. Its own role may do the rest. */
export const reaperEnvironment = z.object({
  /** As the stack prints it, JSON. */
  ENCHILADA_ENVIRONMENT: json.pipe(environmentSchema),
  TRAIL_GROUP: trailGroup,
  AWS_REGION: z.string().min(1),
  LOG_LEVEL: logLevel,
})

/** All faults at once. Throws ENVIRONMENT_INVALID. */
export function readEnvironment<S extends z.ZodType>(schema: S, env: NodeJS.ProcessEnv): z.output<S> {
  const read = schema.safeParse(env)
  if (read.success) return read.data
  const faults = read.error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`).join('; ')
  throw lambdaErrors.ENVIRONMENT_INVALID({ faults }, { cause: read.error })
}
