import { resolve } from 'node:path'
import { fileRecords } from '../audit/chain-files.ts'
import { type CheckpointStore, fileCheckpoints } from '../audit/checkpoint-store.ts'
import { listRecords, type PageRequest, type RecordFilter, type RecordPage } from '../audit/list-records.ts'
import type { LogGroup } from '../audit/log-group.ts'
import type { RecordSource } from '../audit/record-source.ts'
import { type TrailVerification, verifyRecords } from '../audit/verify-trail.ts'
import { isS3Url, parseS3Url } from '../aws/s3-url.ts'
import { systemClock } from '../kernel/clock.ts'
import type { Signer } from '../kernel/signer.ts'
import { openSigningKey } from '../kernel/signing-key.ts'
import { configErrors } from './errors.ts'
import type { Loaded } from './load-config.ts'

/** Where the trail is read: by `serve`, and by the command line without one. */
export type AuditStores = {
  records: RecordSource
  checkpoints: CheckpointStore
  list(filter: RecordFilter, page: PageRequest): Promise<RecordPage>
  verify(): Promise<TrailVerification>
}

/**
 * `source`: `files`, `cloudwatch`, `cloudwatch:GROUP`, or a folder; by default the log group where there is one, or else the files.
 * `anchor`: a folder or `s3://bucket/prefix`; by default the one configured. Folders given here are relative to the current one.
 */
export async function openAuditStores(
  loaded: Loaded,
  env: NodeJS.ProcessEnv,
  given: { source?: string | undefined; anchor?: string | undefined } = {},
): Promise<AuditStores> {
  const { config, folder } = loaded
  const source = given.source ?? (config.audit.cloudWatchLogs ? 'cloudwatch' : 'files')
  const anchor =
    given.anchor ??
    (isS3Url(config.audit.checkpoints) ? config.audit.checkpoints : resolve(folder, config.audit.checkpoints))
  const checkpoints = await openCheckpoints(loaded, env, anchor)
  const whole = (records: RecordSource) => ({
    records,
    checkpoints,
    verify: () => verifyRecords({ records, checkpoints }),
  })
  if (!/^cloudwatch(:|$)/.test(source)) {
    const directory = source === 'files' ? resolve(folder, config.audit.directory) : resolve(source)
    return { ...whole(fileRecords(directory)), list: (filter, page) => listRecords(directory, filter, page) }
  }
  const name = source.slice('cloudwatch:'.length) || config.audit.cloudWatchLogs?.group
  if (!name) {
    throw configErrors.CONFIG_INVALID({
      path: loaded.path,
      faults: '  - audit.cloudWatchLogs: missing, and --source names no group',
    })
  }
  const group = await openLogGroup(loaded, name)
  const [{ logRecords }, { listLogRecords }] = await Promise.all([
    import('../audit/log-records.ts'),
    import('../audit/list-log-records.ts'),
  ])
  return {
    ...whole(logRecords({ group, clock: systemClock })),
    list: (filter, page) => listLogRecords(group, filter, page),
  }
}

/** Clients of AWS are loaded when they are needed: the command line starts without them. */
export async function openLogGroup({ config }: Loaded, name: string): Promise<LogGroup> {
  const [{ cloudWatchGroup }, { createLogsClient }] = await Promise.all([
    import('../audit/cloudwatch-group.ts'),
    import('../aws/logs-client.ts'),
  ])
  return cloudWatchGroup(createLogsClient(config.audit.cloudWatchLogs?.region ?? config.aws.homeRegion), name)
}

async function openCheckpoints(loaded: Loaded, env: NodeJS.ProcessEnv, anchor: string): Promise<CheckpointStore> {
  if (!isS3Url(anchor)) return fileCheckpoints(resolve(anchor))
  const [{ bucketCheckpoints }, { createS3Client, openBucket }] = await Promise.all([
    import('../audit/bucket-checkpoints.ts'),
    import('../aws/bucket.ts'),
  ])
  const place = parseS3Url(anchor)
  if (!place)
    throw configErrors.CONFIG_INVALID({ path: loaded.path, faults: `  - audit.checkpoints: ${anchor} names no bucket` })
  return bucketCheckpoints(openBucket(createS3Client(loaded.config.aws.homeRegion, env), place))
}

/** What signs checkpoints and seals; a local key is made when it is not there. */
export async function openSigner({ config, folder }: Loaded): Promise<Signer> {
  const { signingKey } = config.audit
  if (typeof signingKey === 'string') return openSigningKey(resolve(folder, signingKey))
  const { createKmsClient, openKmsSigner } = await import('../aws/kms-signer.ts')
  const [, , , region = config.aws.homeRegion] = signingKey.kms.split(':')
  return openKmsSigner(createKmsClient(region), signingKey.kms)
}
