import { defineErrors } from '../kernel/errors.ts'

export const tunnelErrors = defineErrors({
  TUNNEL_ENVIRONMENT_UNKNOWN: {
    message: 'there is no environment {name}',
    retryable: false,
    hint: 'enchilada environments list names the ones there are; --environments names another file or folder.',
  },
  TUNNEL_NETWORK_UNKNOWN: {
    message: 'environment {environment} has no network in {region}',
    retryable: false,
    hint: 'Name one of its regions with --region: {regions}.',
  },
  TUNNEL_TOO_MANY_NETWORKS: {
    message: '{networks} networks make user data of {bytes} bytes, and {limit} is the limit',
    retryable: false,
    hint: 'Lease less: name what you need with --to.',
  },
  TUNNEL_NOTHING_TO_ROUTE: {
    message: 'the route tables of {vpc} lead to no network that {asked} is in',
    retryable: false,
    hint: 'enchilada explain ADDRESS says where the way ends; check the peering and its routes on both sides.',
  },
  TUNNEL_RESOLVER_UNKNOWN: {
    message: '{vpc} has several networks, and its route tables do not say which of them its resolver is in',
    retryable: false,
    hint: 'Name it in the environment as networks[].resolver: the base of the primary network of the VPC plus two. Or leave names alone: --no-dns.',
  },
  TUNNEL_RESOLVER_SILENT: {
    message: 'the resolver {resolver} did not answer through the tunnel: {reason}',
    retryable: true,
    hint: 'Check that DNS resolution is switched on for the VPC (enableDnsSupport), or that networks[].resolver of the environment is right.',
  },
  TUNNEL_CLASH: {
    message: '{network} is behind the tunnel and {local} is here, on {device}',
    retryable: false,
    hint: 'The route here stays as it is. What does not overlap: --to {free}. One host that does can be leased by its address.',
  },
  TUNNEL_CLASH_OF_TUNNELS: {
    message: '{network} is behind the tunnel into {environment} too, which is open: {local}',
    retryable: false,
    hint: 'Both can be open when they lead to different addresses. What does not overlap: --to {free}. Hosts can be leased by their address; or end the other with enchilada down {environment}.',
  },
  TUNNEL_NO_CAPACITY: {
    message: 'AWS has no capacity for {types} in {subnets} of {region}',
    retryable: true,
    hint: 'Try again in some minutes, name another region with --region, or add instance types to the environment.',
  },
  TUNNEL_QUOTA: {
    message: 'account {account} may not have more of what {action} makes: {reason}',
    retryable: true,
    hint: 'enchilada list names the servers there are, enchilada gc ends those that nobody needs; Service Quotas raises the limit, and --region takes another region.',
  },
  TUNNEL_AWS_DENIED: {
    message: 'AWS denied {action} in account {account}: {reason}',
    retryable: false,
    hint: 'Check that you are signed in to that account with the engineer role of its management VPC, and that the session has not expired.',
  },
  TUNNEL_AWS_UNAVAILABLE: {
    message: 'AWS did not do {action} in account {account}: {reason}',
    retryable: true,
    hint: 'Try again. What was begun is in the journal of this machine; enchilada gc ends what is left of it.',
  },
  TUNNEL_SERVER_LOST: {
    message: 'the server {instance} ended before it could be used: {reason}',
    retryable: true,
    hint: 'Run enchilada up again; the console output of the instance says what it did.',
  },
  TUNNEL_LEASE_UNKNOWN: {
    message: 'there is no tunnel {name} on this machine',
    retryable: false,
    hint: 'enchilada status names the tunnels of this machine, enchilada list every server of an environment.',
  },
  TUNNEL_OPEN_ALREADY: {
    message: 'a tunnel into {environment} is open already, as {lease}',
    retryable: false,
    hint: 'Use it, or end it with enchilada down {environment}.',
  },
  TUNNEL_JOURNAL_UNWRITABLE: {
    message: 'the launch journal {file} cannot be written: {reason}',
    retryable: false,
    hint: 'Free space, or name another folder in XDG_STATE_HOME. Nothing is launched that is not written down there first, and what was launched is ended.',
  },
  TUNNEL_TIME_INVALID: {
    message: '"{time}" is no time that a tunnel into {environment} can last',
    retryable: false,
    hint: 'Write it as 90m or 1h30m: at least 1m, at most {longest}.',
  },
  TUNNEL_TARGET_INVALID: {
    message: '"{target}" is nothing that a tunnel can lead to',
    retryable: false,
    hint: 'Name a host, a network or one port of a host by address: --to 10.1.4.7, --to 10.1.0.0/16, --to 10.1.4.7:22.',
  },
  TUNNEL_ADDRESS_INVALID: {
    message: '"{address}" is no IPv4 address and no name',
    retryable: false,
    hint: 'Give one host by its address, such as 10.1.4.7, or by its name.',
  },
  TUNNEL_JOURNAL_TORN: {
    message: '{file} cannot be read, and {environment} in {region} cannot be asked for its server: {reason}',
    retryable: true,
    hint: 'Sign in to that environment and run enchilada gc again; the file stays until its server is found or known not to be.',
  },
  TUNNEL_EXTEND_TOO_LONG: {
    message: 'a server lives until {longest} at most',
    retryable: false,
    hint: 'Ask for less, or end this tunnel and open a new one.',
  },
  TUNNEL_NETWORK_FAILED: {
    message: 'the network of this machine could not be set: {reason}',
    retryable: false,
    hint: 'Setting addresses and routes takes root: run as root, or let sudo run enchilada netconf.',
  },
})
