import { defineErrors } from '../kernel/errors.ts'

export const netconfErrors = defineErrors({
  NETCONF_REFUSED: {
    message: 'the network document was refused: {reason}',
    retryable: false,
    hint: 'Nothing was changed. Only addresses, keys, routes narrower than /8 and zones of two labels are taken.',
  },
  NETCONF_STEP_FAILED: {
    message: '{command} failed: {reason}',
    retryable: false,
    hint: 'What was set before it was undone. Run as root, and see that no other program owns the device.',
  },
  NETCONF_PROGRAM_MISSING: {
    message: 'the program {program} is not installed',
    retryable: false,
    hint: 'Install what the engine of the environment needs: wireguard-tools, and wireguard-go where the kernel has no WireGuard; or openvpn 2.6 or newer.',
  },
  NETCONF_PROGRAM_TOO_OLD: {
    message: '{program} {version} is too old: {least} is needed',
    retryable: false,
    hint: 'Nothing was changed. Install openvpn {least} or newer, or take the other engine: enchilada up --engine wireguard.',
  },
  NETCONF_DNS_UNHEEDED: {
    message: 'names of the VPC stay unknown here: programs of this machine do not ask systemd-resolved',
    retryable: false,
    hint: 'The tunnel is up, and resolv.conf is left as it is. Let systemd-resolved answer, by /etc/resolv.conf as a link to /run/systemd/resolve/stub-resolv.conf; or ask yourself: dig @{resolver} NAME.',
  },
  NETCONF_DNS_FAILED: {
    message: 'names of the VPC stay unknown here: {reason}',
    retryable: false,
    hint: 'The tunnel is up. Ask yourself: dig @{resolver} NAME. Or leave names alone: --no-dns.',
  },
  NETCONF_ZONE_TAKEN: {
    message: 'names in {zone} are asked elsewhere on this machine already, by {by}',
    retryable: false,
    hint: 'It stays so, and the tunnel is up. enchilada explain ENVIRONMENT NAME says what its resolver answers.',
  },
  NETCONF_NO_HANDSHAKE: {
    message: 'no handshake with {endpoint} within {seconds} s',
    retryable: true,
    hint: 'Everything that was set was undone. Check that the port leaves this network. Where UDP does not, enchilada up --engine openvpn takes TCP 443.',
  },
})
