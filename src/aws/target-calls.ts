import { DescribeImagesCommand, GetConsoleOutputCommand } from '@aws-sdk/client-ec2'
import { SendSSHPublicKeyCommand } from '@aws-sdk/client-ec2-instance-connect'
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager'
import { GetParameterCommand } from '@aws-sdk/client-ssm'
import { Secret } from '../kernel/secret.ts'
import type { Instance } from '../model/instance.ts'
import type { Scope } from '../model/scope.ts'
import type { Visitor } from './assume-role.ts'
import type { Aws } from './aws.ts'

/** What a connect needs of AWS beyond looking the instance up. Each throws the SDK's error as it is. */
export type TargetCalls = {
  /** Valid for 60 s (EC2 Instance Connect API reference, SendSSHPublicKey). `publicKey` in OpenSSH format. */
  pushSessionKey(
    target: { scope: Scope; instance: Instance; userName: string; publicKey: string },
    as: Visitor,
  ): Promise<void>
  /** Last 64 KB of the console, or empty. */
  readConsoleOutput(target: { scope: Scope; instanceId: string }, as: Visitor): Promise<string>
  /** Empty when the image is not there any more. */
  readImageName(target: { scope: Scope; imageId: string }, as: Visitor): Promise<string>
  /** Of our own account; the region is in the ARN. */
  readSecretValue(arn: string): Promise<Secret>
  readParameter(name: string): Promise<Secret>
}

export function createTargetCalls(aws: Aws): TargetCalls {
  const imageNames = new Map<string, string>()
  return {
    async pushSessionKey({ scope, instance, userName, publicKey }, as) {
      const client = aws.instanceConnect(scope.region, await aws.credentials(scope, 'connect', as))
      try {
        await client.send(
          new SendSSHPublicKeyCommand({
            InstanceId: instance.id,
            InstanceOSUser: userName,
            SSHPublicKey: publicKey,
            AvailabilityZone: instance.availabilityZone,
          }),
        )
      } finally {
        client.destroy()
      }
    },
    async readConsoleOutput({ scope, instanceId }, as) {
      const visit = await aws.visit(scope, 'connect', as)
      const { Output } = await visit.ec2.send(new GetConsoleOutputCommand({ InstanceId: instanceId }))
      return Buffer.from(Output ?? '', 'base64').toString('utf8')
    },
    async readImageName({ scope, imageId }, as) {
      // Image ids are unique and their names never change.
      const known = imageNames.get(imageId)
      if (known !== undefined) return known
      const visit = await aws.visit(scope, 'connect', as)
      const { Images } = await visit.ec2.send(new DescribeImagesCommand({ ImageIds: [imageId] }))
      const name = Images?.[0]?.Name ?? ''
      if (name !== '') imageNames.set(imageId, name)
      return name
    },
    async readSecretValue(arn) {
      const region = arn.split(':')[3] || aws.settings.homeRegion
      const client = aws.secretsManager(region)
      try {
        const { SecretString, SecretBinary } = await client.send(new GetSecretValueCommand({ SecretId: arn }))
        return new Secret(SecretString ?? Buffer.from(SecretBinary ?? []).toString('utf8'))
      } finally {
        client.destroy()
      }
    },
    async readParameter(name) {
      const client = aws.ssm(aws.settings.homeRegion)
      try {
        const { Parameter } = await client.send(new GetParameterCommand({ Name: name, WithDecryption: true }))
        return new Secret(Parameter?.Value ?? '')
      } finally {
        client.destroy()
      }
    },
  }
}
