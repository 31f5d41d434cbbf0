import {
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3'
import { type CodedError, isCoded, reasonOf } from '../kernel/errors.ts'
import { isAlreadyThere, isDenied, isMissingBucket, isNotFound } from './error-sets.ts'
import { awsErrors } from './errors.ts'
import { patience } from './patience.ts'
import type { BucketPlace } from './s3-url.ts'

/** What we keep in S3: objects that are written once, below one prefix. Keys are given and taken without it. */
export type Bucket = {
  /** `s3://bucket/prefix` */
  readonly url: string
  get(key: string, version?: string): Promise<Buffer | undefined>
  /** Never replaces: false when the key holds other bytes already. Durable when it resolves. */
  create(key: string, bytes: Uint8Array): Promise<boolean>
  put(key: string, bytes: Uint8Array): Promise<void>
  /** Keys below `folder` in their order, those after `after` only. */
  keys(folder: string, after?: string): AsyncIterable<string>
  /** The names of folders directly below the prefix, in their order. */
  folders(): AsyncIterable<string>
  /** Every version below `folder`, also of what was deleted; of each key the newest first. One a key where the bucket keeps no others. */
  versions(folder: string): AsyncIterable<{ key: string; version: string }>
}

/** A store that does not answer must be noticed while a session waits for it. */
export function createS3Client(region: string, env: NodeJS.ProcessEnv, { answerWithin = 10_000 } = {}): S3Client {
  // Stores that speak S3's protocol at an address of their own have no name for each bucket.
  const forcePathStyle = Boolean(env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL'])
  return new S3Client({
    region,
    forcePathStyle,
    followRegionRedirects: true,
    maxAttempts: 3,
    requestHandler: patience(answerWithin),
  })
}

export function openBucket(client: S3Client, place: BucketPlace): Bucket {
  const { bucket: Bucket, kmsKey } = place
  const prefix = place.prefix === '' ? '' : `${place.prefix}/`
  const url = `s3://${Bucket}/${place.prefix}`
  const encryption = kmsKey
    ? ({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKey, BucketKeyEnabled: true } as const)
    : {}
  const failure = (action: string, cause: unknown): CodedError => {
    if (isCoded(cause)) return cause
    const details = { action: `s3:${action}`, url, reason: reasonOf(cause) }
    if (isMissingBucket(cause)) return awsErrors.BUCKET_MISSING(details, { cause })
    return isDenied(cause)
      ? awsErrors.BUCKET_DENIED(details, { cause })
      : awsErrors.BUCKET_UNAVAILABLE(details, { cause })
  }
  const get = async (key: string, version?: string) => {
    try {
      const VersionId = version === undefined ? {} : { VersionId: version }
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: prefix + key, ...VersionId }))
      return Buffer.from((await Body?.transformToByteArray()) ?? [])
    } catch (cause) {
      if (isNotFound(cause)) return undefined
      throw failure('GetObject', cause)
    }
  }
  const put = (key: string, bytes: Uint8Array, once: { IfNoneMatch?: string }) =>
    client.send(new PutObjectCommand({ Bucket, Key: prefix + key, Body: bytes, ...encryption, ...once }))
  return {
    url,
    get,
    async create(key, bytes) {
      try {
        await put(key, bytes, { IfNoneMatch: '*' })
        return true
      } catch (cause) {
        if (!isAlreadyThere(cause)) throw failure('PutObject', cause)
        // Our own, when the reply to an earlier try was lost.
        return (await get(key))?.equals(bytes) ?? false
      }
    },
    async put(key, bytes) {
      await put(key, bytes, {}).catch((cause: unknown) => {
        throw failure('PutObject', cause)
      })
    },
    async *keys(folder, after) {
      const StartAfter = after === undefined ? {} : { StartAfter: prefix + after }
      const pages = paginateListObjectsV2({ client }, { Bucket, Prefix: prefix + folder, ...StartAfter })
      for await (const page of named('ListBucket', pages)) {
        for (const { Key = '' } of page.Contents ?? []) yield Key.slice(prefix.length)
      }
    },
    async *folders() {
      const pages = paginateListObjectsV2({ client }, { Bucket, Prefix: prefix, Delimiter: '/' })
      for await (const page of named('ListBucket', pages)) {
        for (const { Prefix = '' } of page.CommonPrefixes ?? []) yield Prefix.slice(prefix.length, -1)
      }
    },
    async *versions(folder) {
      let from: { KeyMarker?: string; VersionIdMarker?: string } = {}
      for (;;) {
        const request = new ListObjectVersionsCommand({ Bucket, Prefix: prefix + folder, ...from })
        const page = await client.send(request).catch((cause: unknown) => {
          throw failure('ListBucketVersions', cause)
        })
        for (const { Key = '', VersionId = '' } of page.Versions ?? []) {
          yield { key: Key.slice(prefix.length), version: VersionId }
        }
        if (!page.IsTruncated || page.NextKeyMarker === undefined) return
        const { NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = page
        from = { KeyMarker, ...(VersionIdMarker === undefined ? {} : { VersionIdMarker }) }
      }
    },
  }

  async function* named<T>(action: string, pages: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      yield* pages
    } catch (cause) {
      throw failure(action, cause)
    }
  }
}
