import { defineErrors } from '../kernel/errors.ts'

export const credentialErrors = defineErrors({
  CREDENTIAL_UNKNOWN: {
    message: 'No credential is called {name}',
    retryable: false,
    hint: 'Name one of `credentials` in the rule, or add it; `enchilada config check` finds this before a person does.',
  },
  CREDENTIAL_NOT_ALLOWED: {
    message: 'The credential {name} may not go to {instance} in account {account}',
    retryable: false,
    hint: 'Add the account or the instance to `allowed` of that credential, or name another one in the rule.',
  },
  CREDENTIAL_NEEDS_KNOWN_HOST: {
    message: 'A password is sent only to a host whose key is known, and that of {instance} is not',
    retryable: false,
    hint: 'Let the host print its keys to the console (cloud-init does), pin its key as an operator, or use a key instead of a password.',
  },
  CREDENTIAL_UNREADABLE: {
    message: 'The secret of credential {name} cannot be read: {reason}',
    retryable: true,
    hint: 'Check that it exists and that the role of this process may read it.',
  },
  INSTANCE_CONNECT_REFUSED: {
    message: 'EC2 Instance Connect did not take the key for {instance}: {reason}',
    retryable: true,
    hint: 'Check that the connect role allows ec2-instance-connect:SendSSHPublicKey, and that the AMI has EC2 Instance Connect.',
  },
})
