import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import { EC2Client } from '@aws-sdk/client-ec2'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { fromNodeProviderChain } from '@aws-sdk/credential-providers'
import * as z from 'zod'
import type { Clock } from '../kernel/clock.ts'
import { reasonOf } from '../kernel/errors.ts'
import { Secret } from '../kernel/secret.ts'
import type { Scope } from '../model/scope.ts'
import { type Credentials, createRoleAssumer, SPARE_MS } from './assume-role.ts'
import { createEc2Turns } from './ec2-turns.ts'
import { isDenied } from './error-sets.ts'
import { awsErrors } from './errors.ts'
import type { AccessKeys } from './federated-role.ts'
import type { KeptAnswers } from './kept-answers.ts'
import { createLogsClient } from './logs-client.ts'
import { RETRIES } from './patience.ts'
import { sessionRefused } from './session-refused.ts'

/**
 * AWS by the credentials at hand: an engineer's session of `enchilada login`, or the SDK's own chain (variables, profiles, Identity Center, `aws
 * login`, the role of a process in AWS); and from there one role of the account that is visited, if one is named.
 */
export type Engineer = {
  /** Its calls stay within our share of the rate of that account and region. */
  ec2(scope: Scope, role: string | undefined): Promise<EC2Client>
  logs(scope: Scope, role: string | undefined): Promise<CloudWatchLogsClient>
  /** Who AWS says this is; asked once. `name` is the last part of the ARN: a session's or a user's. */
  whoAmI(region: string): Promise<Caller>
}

const callerSchema = z.strictObject({ account: z.string(), arn: z.string(), name: z.string() })
type Caller = z.infer<typeof callerSchema>

const roleSchema = z.strictObject({
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  sessionToken: z.string(),
  expiration: z.coerce.date(),
})

export type EngineerOptions = {
  clock: Clock
  profile: string | undefined
  /** The session kept, renewed as it needs be; absent or nothing: the chain alone. */
  session?: () => Promise<KeptSession | undefined>
  /** Absent: every process asks STS itself. */
  answers?: KeptAnswers
}
type KeptSession = {
  keys: Secret<AccessKeys>
  expiresAt?: number | undefined
  account: string
  arn: string
  person: string
}

export function createEngineer({ clock, profile, session, answers }: EngineerOptions): Engineer {
  const chain = fromNodeProviderChain(profile === undefined ? {} : { profile })
  const credentials = async () => {
    const kept = await session?.()
    if (!kept) return chain()
    const { sessionToken, ...keys } = kept.keys.reveal()
    return {
      ...keys,
      ...(sessionToken !== undefined && { sessionToken }),
      ...(kept.expiresAt !== undefined && { expiration: new Date(kept.expiresAt) }),
    }
  }
  const turn = createEc2Turns(clock, 1)
  const stsIn = (region: string) => new STSClient({ region, credentials, ...RETRIES })
  const assumers = new Map<string, ReturnType<typeof createRoleAssumer>>()
  let known: ReturnType<Engineer['whoAmI']> | undefined

  const whoAmI: Engineer['whoAmI'] = (region) => {
    known ??= recallCaller(region)
    return known
  }
  async function recallCaller(region: string): Promise<Caller> {
    const kept = await session?.()
    if (kept) return { account: kept.account, arn: kept.arn, name: kept.person }
    return recall(
      `caller-${profile ?? ''}`,
      callerSchema,
      () => true,
      () => askCaller(region),
    )
  }
  async function askCaller(region: string): Promise<Caller> {
    try {
      const { Account = '', Arn = '' } = await stsIn(region).send(new GetCallerIdentityCommand({}))
      return { account: Account, arn: Arn, name: Arn.slice(Arn.lastIndexOf('/') + 1) || Arn }
    } catch (cause) {
      const refused = sessionRefused(cause)
      if (refused) throw refused
      const details = { action: 'sts:GetCallerIdentity', account: 'of these credentials', reason: reasonOf(cause) }
      throw isDenied(cause) ? awsErrors.AWS_DENIED(details, { cause }) : awsErrors.AWS_UNAVAILABLE(details, { cause })
    }
  }

  return {
    whoAmI,
    async ec2(scope, role) {
      const client = new EC2Client({ region: scope.region, credentials: await credentialsOf(scope, role), ...RETRIES })
      // Behind the SDK's retries, so that each try of each call takes its turn.
      client.middlewareStack.add(
        (next) => async (args) => {
          await turn(scope)
          return next(args)
        },
        { step: 'finalizeRequest', priority: 'low', name: 'takeTurn' },
      )
      return client
    },
    logs: async (scope, role) => createLogsClient(scope.region, { credentials: await credentialsOf(scope, role) }),
  }

  /** A function, so that a tunnel that outlives a session goes on with the next. */
  async function credentialsOf({ partition, account, region }: Scope, role: string | undefined) {
    if (role === undefined) return credentials
    const visitor = await whoAmI(region)
    const assume = assumers.get(region) ?? createRoleAssumer({ sts: stsIn(region), clock })
    assumers.set(region, assume)
    const arn = `arn:${partition}:iam::${account}:role/${role}`
    const lasts = ({ expiration }: Credentials) => expiration.getTime() - SPARE_MS > clock.now()
    return () => recall(arn, roleSchema, lasts, () => assume(arn, visitor))
  }

  /** What these very credentials were answered before, if it still holds. */
  async function recall<T>(
    name: string,
    schema: z.ZodType<T>,
    holds: (value: T) => boolean,
    ask: () => Promise<T>,
  ): Promise<T> {
    if (!answers) return ask()
    const by = new Secret((await credentials()).secretAccessKey)
    const kept = await answers.load(name, by)
    const value = kept && schema.safeParse(JSON.parse(kept.reveal())).data
    if (value !== undefined && holds(value)) return value
    const asked = await ask()
    void answers.save(name, by, new Secret(JSON.stringify(asked)))
    return asked
  }
}
