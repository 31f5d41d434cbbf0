import { defineErrors } from '../kernel/errors.ts'

export const gatewayErrors = defineErrors({
  CONNECTION_NOT_FOUND: {
    message: 'There is no such connection',
    retryable: false,
    hint: 'The instance may have ended a moment ago; look at the list.',
  },
  PROTOCOL_UNSUPPORTED: {
    message: 'This gateway opens terminals, not {protocol}',
    retryable: false,
    hint: 'Choose a connection of the same instance with SSH.',
  },
  INSTANCE_GONE: {
    message: 'The instance {instance} has ended',
    retryable: false,
    hint: 'It will disappear from the list by itself.',
  },
  INSTANCE_NOT_RUNNING: {
    message: 'The instance {instance} is {state}',
    retryable: true,
    hint: 'Start it and try again; the connection stays the same.',
  },
  INSTANCE_MOVED: {
    message: 'The instance {instance} has another address than a moment ago',
    retryable: true,
    hint: 'Try again: the list follows within seconds. The old address may belong to somebody else by now.',
  },
  ADDRESS_AMBIGUOUS: {
    message: 'The address {address} of {instance} is also that of {other}, in another VPC of the network {network}',
    retryable: false,
    hint: 'Networks overlap. Give one of the two VPCs a network of its own in `connections.rules`, reached by its own gateway.',
  },
  NETWORK_NOT_REACHED: {
    message: 'The instance {instance} is in the network {network}, which this gateway does not reach',
    retryable: false,
    hint: 'Open it through the gateway of that network; this one reaches `direct`.',
  },
  INSTANCE_UNKNOWN: {
    message: 'AWS could not be asked about {instance}: {reason}',
    retryable: true,
    hint: 'Nothing is opened on an address that was not checked. Check the role of that account, then try again.',
  },
  TARGET_UNREACHABLE: {
    message: 'Port {port} of {instance} does not answer: {reason}',
    retryable: true,
    hint: 'Check the security group, the route from the gateway, and that sshd runs. A host that boots is waited for: `gateway.bootTime` after its launch.',
  },
  TARGET_REFUSED_LOGIN: {
    message: '{instance} did not let {user} in',
    retryable: false,
    hint: 'Check the user name of the rule and that the key or password belongs to it.',
  },
  TARGET_FAILED: {
    message: 'The session on {instance} could not be started: {reason}',
    retryable: true,
    hint: 'Look at the log of sshd on the instance.',
  },
  HOST_KEY_UNKNOWN: {
    message: 'The host key of {instance} is not known',
    retryable: false,
    hint: 'Let the host print its keys to the console (cloud-init does), let an operator pin them on its page Host keys, or allow `gateway.hostKeys: first-use`.',
  },
  HOST_KEY_CHANGED: {
    message: '{instance} answered with another host key than the one pinned',
    retryable: false,
    hint: 'Somebody may be in between. If the host was rebuilt on purpose, an operator forgets the pinned key on its page Host keys.',
  },
  SESSION_NOT_FOUND: {
    message: 'This session is over, or runs on another node',
    retryable: false,
    hint: 'Open a new one; what was recorded stays.',
  },
})
