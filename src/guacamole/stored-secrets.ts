import type { PlainSecret } from '../catalogue/guacamole/desire.ts'
import type { AuditEvent } from '../model/audit-event.ts'

/** What the trail is told at the start of whoever writes secrets into Guacamole's table, where many can read them. */
export const storedSecretEvents = (secrets: readonly PlainSecret[], actor: `system:${string}`): AuditEvent[] =>
  secrets.map(({ protocol, parameter, accounts }) => ({
    kind: 'guacamole.secret-stored',
    actor,
    subject: `${parameter} of ${protocol}`,
    source: 'fact',
    data: { accounts, where: 'in plain text, in the database of Guacamole' },
  }))
