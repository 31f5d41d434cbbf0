import { CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs'
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs'
import { vi } from 'vitest'
import { cloudWatchGroup } from '../../src/audit/cloudwatch-group.ts'
import { createLogsClient } from '../../src/aws/logs-client.ts'
import { publishPolicies } from '../../src/guacamole/published-policies.ts'
import { silentLog } from '../../src/kernel/log.ts'
import { Secret } from '../../src/kernel/secret.ts'
import type { Instance } from '../../src/model/instance.ts'
import type { Scope } from '../../src/model/scope.ts'
import { publishRules } from '../../src/reconcile/rules.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { connectionSettings } from '../../src/wanted/settings.ts'
import { connectionOf } from '../fixtures/guacamole/connections.ts'
import { startLabAws } from '../fixtures/lab-aws.ts'
import { startPostgres } from '../fixtures/postgres.ts'

const REGION = 'eu-west-1'
const GROUP = '/enchilada/trail'

export type Follower = typeof import('../../src/lambda/follower.ts')
export type Writer = typeof import('../../src/lambda/writer.ts')
export type FollowerStage = Awaited<ReturnType<typeof startFollowerStage>>

/** What the functions have around them: AWS of the lab, our database on a real PostgreSQL, a `serve` that has published. */
export async function startFollowerStage() {
  const [aws, postgres] = await Promise.all([startLabAws(), startPostgres()])
  const store = await openPostgres(new Secret(postgres.url), silentLog)
  const sqs = new SQSClient({ endpoint: aws.endpoint, region: REGION, useQueueUrlAsEndpoint: false })
  const manager = new SecretsManagerClient({ endpoint: aws.endpoint, region: REGION })
  const queue = async (QueueName: string) => (await sqs.send(new CreateQueueCommand({ QueueName }))).QueueUrl ?? ''
  const keepSecret = async (Name: string, SecretString: string) =>
    (await manager.send(new CreateSecretCommand({ Name, SecretString }))).ARN ?? ''
  const queues = { events: await queue('events'), guacamole: await queue('guacamole') }
  await createLogsClient(REGION).send(new CreateLogGroupCommand({ logGroupName: GROUP }))
  const publish = (group: string) => {
    const text = `permit (principal in Enchilada::Group::"${group}", action == Enchilada::Action::"connect", resource);`
    return publishPolicies(store.db, [{ name: 'guacamole.cedar', text }])
  }
  const rules = { absenceProof: 60_000, accountGrace: 1, mentions: { tags: [], persons: [] } }
  await publishRules(store.db, { connections: connectionSettings.parse({}), ...rules })
  const { hostname: host, port, username, pathname } = new URL(postgres.url)
  const database = { host, port: Number(port), username, password: 'any', dbname: pathname.slice(1) }
  const common = {
    DATABASE_SECRET_ARN: await keepSecret('database', JSON.stringify(database)),
    DATABASE_TLS: 'disable',
    EVENTS_QUEUE_URL: queues.events,
    GUACAMOLE_QUEUE_URL: queues.guacamole,
    TRAIL_GROUP: GROUP,
    LOG_LEVEL: 'error',
  }
  /** The variables of a follower, as its stack writes them. */
  const environmentOf = (target: object, arns: Record<string, string>) => ({
    ...common,
    ENCHILADA_GUACAMOLE: JSON.stringify(target),
    GUACAMOLE_SECRETS: JSON.stringify(arns),
  })
  return {
    endpoint: aws.endpoint,
    postgres,
    store,
    sqs,
    queues,
    publish,
    keepSecret,
    changeSecret: (SecretId: string, SecretString: string) =>
      manager.send(new PutSecretValueCommand({ SecretId, SecretString })),
    trail: cloudWatchGroup(createLogsClient(REGION), GROUP),
    environmentOf,
    /** An instance of the function of its own, as Lambda starts one. */
    async openFollower(target: object, arns: Record<string, string>): Promise<Follower> {
      Object.assign(process.env, environmentOf(target, arns))
      vi.resetModules()
      return import('../../src/lambda/follower.ts')
    },
    async openWriter(more: Record<string, string> = {}): Promise<Writer> {
      Object.assign(process.env, common, more)
      vi.resetModules()
      return import('../../src/lambda/writer.ts')
    },
    async stop() {
      await store.close()
      await postgres.stop()
      await aws.stop()
    },
  }
}

export const instanceOf = (n: number): Instance => connectionOf({ n }).instance

/** What the observer reports of a scope that it listed whole. */
export const reportOf = (scope: Scope, instances: readonly Instance[], begunAt = Date.now()): string =>
  JSON.stringify({
    observation: {
      ...{ scope, kind: 'listing', begunAt, page: 1, pages: 1, complete: true },
      ...{ asked: [], instances },
    },
  })
