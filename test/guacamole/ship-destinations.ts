import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import {
  CreateBucketCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectLockConfigurationCommand,
} from '@aws-sdk/client-s3'
import { createS3Client, openBucket } from '../../src/aws/bucket.ts'
import { newId } from '../../src/kernel/ids.ts'
import { bucketFiles } from '../../src/recording/bucket-files.ts'
import { directoryFiles } from '../../src/recording/recording-files.ts'
import type { Destination } from './ship-kill.ts'

/** A file has one version: what is written twice replaces, and would be seen by its content. */
export const inFolder = async (directory: string): Promise<Destination> => ({
  store: directory,
  files: directoryFiles(directory),
  twice: async () => [],
})

const REGION = 'eu-west-1'

/** As the guide has it made: every version kept under lock, encrypted with a key of ours. In the lab's AWS. */
export async function inBucket(): Promise<Destination & { unsafe(): Promise<string[]>; url: string; kmsKey: string }> {
  const Bucket = `recordings-${newId()}`
  const s3 = createS3Client(REGION, process.env)
  const { KeyMetadata } = await new KMSClient({ region: REGION }).send(new CreateKeyCommand({}))
  const kmsKey = KeyMetadata?.Arn ?? ''
  await s3.send(
    new CreateBucketCommand({
      Bucket,
      CreateBucketConfiguration: { LocationConstraint: REGION },
      ObjectLockEnabledForBucket: true,
    }),
  )
  const Rule = { DefaultRetention: { Mode: 'COMPLIANCE', Days: 1 } } as const
  const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled', Rule } as const
  await s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }))
  const place = { bucket: Bucket, prefix: 'guacamole', kmsKey }
  const versions = async () => (await s3.send(new ListObjectVersionsCommand({ Bucket }))).Versions ?? []
  return {
    store: place,
    url: `s3://${Bucket}/guacamole`,
    kmsKey,
    files: bucketFiles(openBucket(s3, place)),
    async twice() {
      const keys = (await versions()).map(({ Key = '' }) => Key)
      return keys.filter((key, at) => keys.indexOf(key) !== at)
    },
    /** Objects that are not under the lock, or not encrypted with the key. */
    async unsafe() {
      const found: string[] = []
      for (const { Key = '' } of await versions()) {
        const head = await s3.send(new HeadObjectCommand({ Bucket, Key }))
        const isSafe = head.ObjectLockMode === 'COMPLIANCE' && head.SSEKMSKeyId === kmsKey
        if (!isSafe || head.ServerSideEncryption !== 'aws:kms') found.push(Key)
      }
      return found
    },
  }
}
