import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import type { Organisation } from '../aws/organisation.ts'
import { HOME_REGION } from './deploy-stacks.ts'

/** Puts a secret into the shared-services account, and gives its ARN. */
export async function keepSecret(
  endpoint: string,
  organisation: Organisation,
  Name: string,
  SecretString: string,
): Promise<string> {
  const { credentials } = organisation.accounts.shared
  const manager = new SecretsManagerClient({ endpoint, region: HOME_REGION, credentials })
  const { ARN = '' } = await manager.send(new CreateSecretCommand({ Name, SecretString }))
  return ARN
}
