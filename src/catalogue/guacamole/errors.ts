import { defineErrors } from '../../kernel/errors.ts'

export const guacamoleErrors = defineErrors({
  GUACAMOLE_UNREACHABLE: {
    message: 'Guacamole cannot be reached: {reason}',
    retryable: true,
    hint: 'Check `catalogue.guacamole` in enchilada.yaml and that Guacamole is up; what was to be written is written at the next pass.',
  },
  GUACAMOLE_URL_INVALID: {
    message: 'What should be the URL of the database of Guacamole is none',
    retryable: false,
    hint: 'The secret that `catalogue.guacamole.sql` names must hold postgres://user:password@host/database, or mysql://…; characters such as @ and / in the password are written as %40 and %2F.',
  },
  GUACAMOLE_CA_INVALID: {
    message: 'What should be the certificate of the authority of the database of Guacamole is none',
    retryable: false,
    hint: 'What `catalogue.guacamole.sql.ca` names must hold it as PEM, from -----BEGIN CERTIFICATE----- on.',
  },
  GUACAMOLE_TLS_REFUSED: {
    message: 'The database of Guacamole is not reached by TLS: {reason}',
    retryable: true,
    hint: 'Nothing was sent to it. Name the authority of its certificate in `catalogue.guacamole.sql.ca`, and the database by the host name that the certificate is for.',
  },
  GUACAMOLE_GROUP_TAKEN: {
    message: 'Guacamole already has a connection group "{name}" at its root that is not ours',
    retryable: false,
    hint: 'Name another in `catalogue.guacamole.group`, or rename the one that is there. Nothing was touched.',
  },
  GUACAMOLE_FIELD_TOO_LONG: {
    message: 'The {field} of connection {name} is longer than the {limit} characters that Guacamole keeps',
    retryable: false,
    hint: 'Shorten the setting it comes from. Until then a connection that is new is left out, and one that is there stays as it was, with its readers; every other one was written.',
  },
  GUACAMOLE_READERS_TOO_MANY: {
    message:
      'The {limit} characters in which Guacamole keeps whom we granted to have no room for {count} more user groups, {reader} among them',
    retryable: false,
    hint: 'These were granted nothing new in this scope; everything else was written. About a hundred names of 36 characters fit, such as object ids of Entra ID: let the policies name fewer groups, or groups with shorter names (the identity provider can send those).',
  },
  GUACAMOLE_LOGIN_REFUSED: {
    message: 'Guacamole refused the login of {user}: {reason}',
    retryable: true,
    hint: 'Check `catalogue.guacamole.rest`. Nothing is tried for six minutes, because five failures lock this address out.',
  },
  GUACAMOLE_LOGIN_NEEDS_MORE: {
    message: 'Guacamole wants {fields} besides the password of {user}',
    retryable: false,
    hint: 'A program has no second factor: set the attribute guac-totp-disabled on the service account, and bind it to an address.',
  },
  GUACAMOLE_FORBIDDEN: {
    message: 'Guacamole does not let {user} do this: {what}',
    retryable: false,
    hint: 'Give the service account the permissions of docs/guides/guacamole.md; `enchilada guacamole check` names those that are missing.',
  },
  GUACAMOLE_TOO_OLD: {
    message: 'This Guacamole is older than 1.6: it cannot write in batches',
    retryable: false,
    hint: 'Use `catalogue.guacamole.sql`, which works with every version since 1.0, or upgrade Guacamole.',
  },
  GUACAMOLE_MARK_LOST: {
    message: 'This Guacamole does not keep our mark on what it is put on',
    retryable: false,
    hint: 'Let `serve` write: it keeps the marks in its own store, which commands only read. Or use `catalogue.guacamole.sql`.',
  },
  GUACAMOLE_SESSIONS_STAY: {
    message: 'Somebody is still in {name}, whose instance is gone',
    retryable: false,
    hint: 'Nobody can open the connection any more. By REST only an administrator’s account ends sessions of others, and a database ends none: give the service account of `catalogue.guacamole.rest` *administer*, name it beside `sql`, or end the session in Guacamole’s own page.',
  },
  GUACAMOLE_SESSIONS_OPEN: {
    message: 'Sessions may go on in connections whose instances are gone ({count} of them): {reason}',
    retryable: true,
    hint: 'All else was written. It is tried again by itself, and until then these connections are not deleted. Start the web application node that is away, or take one that is gone for good out of `catalogue.guacamole.rest.nodes`.',
  },
  GUACAMOLE_USER_GROUP_HIDDEN: {
    message: 'Guacamole does not let us grant to the user group {group}: {reason}',
    retryable: true,
    hint: 'It is there already: give the service account READ and UPDATE on it, as docs/guides/guacamole.md says. Until then its scopes are not in step.',
  },
  GUACAMOLE_REFUSED: {
    message: 'Guacamole refused {what}: {reason}',
    retryable: true,
    hint: 'Everything else was written. It is tried again with the next change or sweep; the reason is Guacamole’s own.',
  },
})
