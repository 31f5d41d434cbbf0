import { beforeAll, describe, expect, test } from 'vitest'
import { plainSettings, type Synthesised, synthesise } from '../../test/fixtures/stacks.ts'

const STACK = 'EnchiladaEvidence'

let stacks: Synthesised
beforeAll(() => {
  stacks = synthesise({ ...plainSettings, evidence: { lock: 'compliance', lockDays: 730 } })
})

describe('the evidence', () => {
  test('recordings and checkpoints are apart, versioned and locked for their time', () => {
    const locked = stacks.properties(STACK, 'AWS::S3::Bucket').filter((one) => one['ObjectLockEnabled'])
    expect(locked).toHaveLength(2)
    for (const bucket of locked) {
      expect(bucket).toMatchObject({
        VersioningConfiguration: { Status: 'Enabled' },
        ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 730 } } },
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            { BucketKeyEnabled: true, ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } },
          ],
        },
        PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true },
        LoggingConfiguration: { DestinationBucketName: { Ref: expect.stringMatching(/^AccessLogs/) } },
      })
    }
  })

  test('every bucket is closed to what is not TLS 1.2', () => {
    const policies = stacks.properties(STACK, 'AWS::S3::BucketPolicy')
    expect(policies).toHaveLength(3)
    for (const { PolicyDocument } of policies) {
      expect(PolicyDocument.Statement.filter((one: { Effect: string }) => one.Effect === 'Deny')).toMatchObject([
        { Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
        { Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } } },
      ])
    }
  })

  test('nothing of it goes with the stack', () => {
    for (const type of ['AWS::S3::Bucket', 'AWS::KMS::Key', 'AWS::Logs::LogGroup']) {
      const made = Object.values(stacks.template(STACK).findResources(type))
      expect(made.length).toBeGreaterThan(0)
      for (const one of made) expect(one).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' })
    }
  })

  test('one key keeps, another signs; CloudWatch Logs may use the first for the trail alone', () => {
    const [keeps, signs] = stacks.properties(STACK, 'AWS::KMS::Key')
    expect(keeps?.['EnableKeyRotation']).toBe(true)
    expect(JSON.stringify(keeps?.['KeyPolicy'].Statement.at(-1).Condition.ArnEquals)).toContain(
      ':log-group:/enchilada/trail',
    )
    expect(signs).toMatchObject({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
    expect(stacks.properties(STACK, 'AWS::Logs::LogGroup')).toMatchObject([{ RetentionInDays: 3653 }])
  })
})
