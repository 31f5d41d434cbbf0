import { defineErrors } from '../kernel/errors.ts'

export const netconfErrors = defineErrors({
  NETCONF_REFUSED: {
    message: 'the network document was refused: {reason}',
    retryable: false,
    hint: 'Nothing was changed. Only addresses, keys and routes narrower than /8 are taken.',
  },
  NETCONF_STEP_FAILED: {
    message: '{command} failed: {reason}',
    retryable: false,
    hint: 'What was set before it was undone. Run as root, and see that no other program owns the device.',
  },
  NETCONF_PROGRAM_MISSING: {
    message: 'the program {program} is not installed',
    retryable: false,
    hint: 'Install wireguard-tools, and wireguard-go where the kernel has no WireGuard.',
  },
  NETCONF_NO_HANDSHAKE: {
    message: 'no handshake with {endpoint} within {seconds} s',
    retryable: true,
    hint: 'Check that UDP to that port leaves this network; everything that was set was undone.',
  },
})
