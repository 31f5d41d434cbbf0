import { Aws } from 'aws-cdk-lib'
import {
  CompositePrincipal,
  InstanceProfile,
  Policy,
  PolicyStatement,
  Role,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { acknowledge } from '../acknowledge.ts'
import { roleNames, SECRET_PREFIX } from '../names.ts'
import type { EvidenceStack } from '../stacks/evidence.ts'
import { allowVisits } from './visits.ts'

/** `events` is absent where functions read the queue. */
export type PortalRoleProps = {
  events: IQueue | undefined
  evidence: EvidenceStack
  /** Names of the roles with which it ends tunnel servers past their time. */
  reapers: readonly string[]
}

/** What `enchilada serve` runs with, on an instance or as a task: it visits accounts, reads the queue, writes the evidence. */
export class PortalRole extends Construct {
  readonly role: Role

  constructor(scope: Construct, id: string, { events, evidence, reapers }: PortalRoleProps) {
    super(scope, id)
    this.role = new Role(this, 'Role', {
      roleName: roleNames.portal,
      description: 'Enchilada: the portal and its gateway',
      assumedBy: new CompositePrincipal(
        new ServicePrincipal('ec2.amazonaws.com'),
        new ServicePrincipal('ecs-tasks.amazonaws.com'),
      ),
    })
    new InstanceProfile(this, 'Profile', { instanceProfileName: roleNames.portal, role: this.role })
    allowVisits(this.role, [roleNames.read, roleNames.connect, roleNames.directory, ...reapers])
    if (events) {
      this.#may(
        ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:SendMessage'],
        events.queueArn,
      )
    }
    this.#mayKeep(evidence)
    this.#mayReadSecrets()
  }

  #may(actions: string[], ...resources: string[]): void {
    this.role.addToPolicy(new PolicyStatement({ actions, resources }))
  }

  /** Writes and reads; deletes nothing, and shortens no lock. */
  #mayKeep({ trail, recordings, checkpoints, key, signingKey }: EvidenceStack): void {
    const buckets = [recordings, checkpoints]
    const may = (actions: string[], ...resources: string[]) => new PolicyStatement({ actions, resources })
    const policy = new Policy(this, 'Evidence', {
      roles: [this.role],
      statements: [
        may(
          ['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:DescribeLogStreams', 'logs:GetLogEvents'],
          trail.logGroupArn,
        ),
        may(['s3:ListBucket', 's3:ListBucketVersions'], ...buckets.map((bucket) => bucket.bucketArn)),
        may(
          ['s3:GetObject', 's3:GetObjectVersion', 's3:PutObject'],
          ...buckets.map((bucket) => bucket.arnForObjects('*')),
        ),
        may(['kms:GenerateDataKey', 'kms:Decrypt'], key.keyArn),
        may(['kms:Sign', 'kms:GetPublicKey'], signingKey.keyArn),
      ],
    })
    for (const bucket of ['Checkpoints620E2F20ArnC494AD10', 'RecordingsA3BDCC51Arn3BFBEDAD']) {
      const objects = `EnchiladaEvidence:ExportsOutputFnGetAtt${bucket}/*`
      acknowledge(policy, 'Every object of the two buckets is ours', `IAM5[Resource::${objects}]`)
    }
  }

  #mayReadSecrets(): void {
    const own = (service: string, kind: string) =>
      `arn:${Aws.PARTITION}:${service}:*:${Aws.ACCOUNT_ID}:${kind}${SECRET_PREFIX}*`
    this.#may(['secretsmanager:GetSecretValue'], own('secretsmanager', 'secret:'))
    // The second for environments of the tunnel.
    this.#may(['ssm:GetParameter', 'ssm:GetParametersByPath'], own('ssm', 'parameter/'))
    const why = 'Which of them there are is the configuration of the portal; all of them have this prefix'
    for (const kind of ['secretsmanager:*:<AWS::AccountId>:secret:', 'ssm:*:<AWS::AccountId>:parameter/']) {
      acknowledge(this.role, why, `IAM5[Resource::arn:<AWS::Partition>:${kind}${SECRET_PREFIX}*]`)
    }
  }
}
