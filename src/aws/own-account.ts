import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { SQSClient } from '@aws-sdk/client-sqs'
import { RETRIES } from './patience.ts'

/** Clients of the account that this process runs in. A module of its own: who uses them alone carries neither EC2 nor STS. */
export const createSqs = (region: string): SQSClient =>
  // A queue URL from CloudFormation names AWS's own host; without this the SDK would call that host whatever the endpoint.
  new SQSClient({ region, useQueueUrlAsEndpoint: false, ...RETRIES })

export const createSecretsManager = (region: string): SecretsManagerClient =>
  new SecretsManagerClient({ region, ...RETRIES })
