import { Aws, CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type BucketProps,
  type IBucket,
  ObjectLockRetention,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import { acknowledge } from '../acknowledge.ts'
import { TRAIL_GROUP } from '../names.ts'
import type { DeploySettings } from '../settings.ts'

const CLOSED = {
  versioned: true,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  removalPolicy: RemovalPolicy.RETAIN,
} satisfies BucketProps

/**
 * What must outlive everything else: the trail, the recordings and, apart from both, the checkpoints that prove them and the key that
 * signs. Nothing of it goes when the stack does.
 */
export class EvidenceStack extends Stack {
  readonly trail: LogGroup
  readonly recordings: Bucket
  readonly checkpoints: Bucket
  readonly key: Key
  readonly signingKey: Key

  constructor(scope: Construct, id: string, settings: DeploySettings, props: StackProps = {}) {
    super(scope, id, {
      description: 'Enchilada: trail, recordings, checkpoints',
      terminationProtection: true,
      ...props,
    })
    this.key = new Key(this, 'Key', {
      description: 'Enchilada: trail, recordings and checkpoints at rest',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    })
    this.key.addToResourcePolicy(logsMayEncrypt)
    this.signingKey = new Key(this, 'SigningKey', {
      description: 'Enchilada: signs checkpoints and the seals of recordings',
      keySpec: KeySpec.ECC_NIST_P256,
      keyUsage: KeyUsage.SIGN_VERIFY,
      removalPolicy: RemovalPolicy.RETAIN,
    })
    this.trail = new LogGroup(this, 'Trail', {
      logGroupName: TRAIL_GROUP,
      encryptionKey: this.key,
      retention: retentionOf(settings.evidence.trailDays),
      removalPolicy: RemovalPolicy.RETAIN,
    })
    const accessLogs = this.#accessLogs()
    this.recordings = this.#lockedBucket('Recordings', settings, accessLogs)
    this.checkpoints = this.#lockedBucket('Checkpoints', settings, accessLogs)
    const tell = (name: string, value: string, description: string) => new CfnOutput(this, name, { value, description })
    tell('TrailGroup', this.trail.logGroupName, 'audit.cloudWatchLogs.group in enchilada.yaml')
    tell('CheckpointsUrl', `s3://${this.checkpoints.bucketName}`, 'audit.checkpoints in enchilada.yaml')
    tell('SigningKeyArn', this.signingKey.keyArn, 'audit.signingKey.kms in enchilada.yaml')
    tell('RecordingsUrl', `s3://${this.recordings.bucketName}`, 'recordings.s3.url in enchilada.yaml')
  }

  /** Every version stays for its time, whoever deletes or overwrites it. */
  #lockedBucket(name: string, { evidence }: DeploySettings, accessLogs: IBucket): Bucket {
    const lock = evidence.lock === 'compliance' ? ObjectLockRetention.compliance : ObjectLockRetention.governance
    return new Bucket(this, name, {
      ...CLOSED,
      objectLockEnabled: true,
      objectLockDefaultRetention: lock(Duration.days(evidence.lockDays)),
      encryption: BucketEncryption.KMS,
      encryptionKey: this.key,
      bucketKeyEnabled: true,
      serverAccessLogsBucket: accessLogs,
      serverAccessLogsPrefix: `${name.toLowerCase()}/`,
      lifecycleRules: [{ abortIncompleteMultipartUploadAfter: Duration.days(7) }],
    })
  }

  /** Who read what past the product. S3 writes such logs with its own key only. */
  #accessLogs(): IBucket {
    const bucket = new Bucket(this, 'AccessLogs', {
      ...CLOSED,
      encryption: BucketEncryption.S3_MANAGED,
      lifecycleRules: [{ expiration: Duration.days(400), noncurrentVersionExpiration: Duration.days(30) }],
    })
    acknowledge(bucket, 'It is where access logs go; its own would go round in circles', 'S1')
    // aws-cdk-lib is not compiled with exactOptionalPropertyTypes: its class and its interface differ by an `undefined`.
    return bucket as IBucket
  }
}

/** Bound to the one group (CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS KMS"). */
const logsMayEncrypt = new PolicyStatement({
  principals: [new ServicePrincipal(`logs.${Aws.REGION}.amazonaws.com`)],
  actions: ['kms:Encrypt*', 'kms:Decrypt*', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:Describe*'],
  resources: ['*'],
  conditions: {
    ArnEquals: {
      'kms:EncryptionContext:aws:logs:arn': `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:log-group:${TRAIL_GROUP}`,
    },
  },
})

/** The settings admit only the numbers that the enumeration has. */
const retentionOf = (days: number): RetentionDays => days
