import { defineErrors } from '../../kernel/errors.ts'

export const guacamoleErrors = defineErrors({
  GUACAMOLE_UNREACHABLE: {
    message: 'Guacamole cannot be reached: {reason}',
    retryable: true,
    hint: 'Check `catalogue.guacamole` in enchilada.yaml and that Guacamole is up; what was to be written is written at the next pass.',
  },
  GUACAMOLE_GROUP_TAKEN: {
    message: 'Guacamole already has a connection group "{name}" at its root that is not ours',
    retryable: false,
    hint: 'Name another in `catalogue.guacamole.group`, or rename the one that is there. Nothing was touched.',
  },
  GUACAMOLE_FIELD_TOO_LONG: {
    message: 'The {field} of connection {name} is longer than the {limit} characters that Guacamole keeps',
    retryable: false,
    hint: 'Shorten the setting it comes from; the connection was left out, every other one was written.',
  },
})
