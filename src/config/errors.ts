import { defineErrors } from '../kernel/errors.ts'

export const configErrors = defineErrors({
  CONFIG_NOT_FOUND: {
    message: 'There is no configuration: looked at {places}',
    retryable: false,
    hint: 'Write enchilada.yaml (docs/install/one-ec2-instance.md has one to start from), or name it with --config.',
  },
  CONFIG_INVALID: {
    message: 'The configuration {path} has faults:\n{faults}',
    retryable: false,
    hint: 'Correct them all; `enchilada config check` looks again, `enchilada config schema` describes every setting.',
  },
  CONFIG_WITHOUT_GUACAMOLE: {
    message: 'The configuration {path} names no Apache Guacamole',
    retryable: false,
    hint: 'Set `catalogue: { guacamole: … }`; docs/guides/guacamole.md has one to start from.',
  },
})
