import { defineErrors } from '../kernel/errors.ts'

export const reconcileErrors = defineErrors({
  RULES_NOT_PUBLISHED: {
    message: 'No `serve` has published its rules for connections in this database yet',
    retryable: true,
    hint: 'Start `enchilada serve` on this database once; observations wait in their queue until then.',
  },
})
