import { defineErrors } from '../kernel/errors.ts'

export const awsErrors = defineErrors({
  AWS_DENIED: {
    message: 'AWS denied {action} in account {account}: {reason}',
    retryable: false,
    hint: 'Deploy the workload stack in that account, and check that its roles trust the role this process runs with.',
  },
  AWS_UNAVAILABLE: {
    message: 'AWS did not answer {action}: {reason}',
    retryable: true,
    hint: 'Check the network path and the credentials of this process; it is tried again by itself.',
  },
  AWS_SESSION_EXPIRED: {
    message: 'AWS does not take these credentials any more: {reason}',
    retryable: false,
    hint: 'Run enchilada login --renew, or sign in to the profile again. If they are new, check the clock of this machine.',
  },
  AWS_CLOCK_WRONG: {
    message: 'The clock of this machine is not the one of AWS: {reason}',
    retryable: false,
    hint: 'Set it by the network (Linux: timedatectl set-ntp true; macOS and Windows: set it automatically) and run the command again.',
  },
  BUCKET_DENIED: {
    message: 'AWS denied {action} on {url}: {reason}',
    retryable: false,
    hint: 'Allow this process that action on the bucket and its objects, and the KMS key if the bucket has one.',
  },
  BUCKET_MISSING: {
    message: 'There is no bucket for {url}: {reason}',
    retryable: false,
    hint: 'Create the bucket, or correct its name in the configuration.',
  },
  BUCKET_UNAVAILABLE: {
    message: 'S3 did not answer {action} on {url}: {reason}',
    retryable: true,
    hint: 'It is tried again by itself. Check the network path to S3: a gateway endpoint in the VPC costs nothing.',
  },
  KMS_KEY_UNUSABLE: {
    message: 'The KMS key {key} cannot sign: {reason}',
    retryable: false,
    hint: 'It must be of spec ECC_NIST_P256 for SIGN_VERIFY, enabled, and this process be allowed kms:Sign and kms:GetPublicKey.',
  },
})
