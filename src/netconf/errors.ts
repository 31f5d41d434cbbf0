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
    hint: 'Install what the engine of the environment needs: wireguard-tools, and wireguard-go where the kernel has no WireGuard; or openvpn 2.6 or newer.',
  },
  NETCONF_NO_HANDSHAKE: {
    message: 'no handshake with {endpoint} within {seconds} s',
    retryable: true,
    hint: 'Everything that was set was undone. Check that the port leaves this network. Where UDP does not, enchilada up --engine openvpn takes TCP 443.',
  },
})
