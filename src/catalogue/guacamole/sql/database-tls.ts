import { X509Certificate } from 'node:crypto'
import { reasonOf } from '../../../kernel/errors.ts'
import type { Secret } from '../../../kernel/secret.ts'
import { guacamoleErrors } from '../errors.ts'

/** For the drivers: only a certificate that this authority signed. */
export type TrustedBy = { ca: string; rejectUnauthorized: true }

/** What a URL says of TLS goes before what a driver is told besides, so none of it may be left. */
const URL_OPTIONS = ['ssl', 'sslmode', 'sslrootcert']
/** Of Node and OpenSSL (verify(1)), and of mysql2. */
const TLS_CODES =
  /^ERR_(TLS|SSL)_|CERT|CRL|^UNABLE_TO_VERIFY|^INVALID_(CA|PURPOSE)$|^HOSTNAME_MISMATCH$|^HANDSHAKE_(NO_)?SSL/
/** pg names none of its own. */
const TLS_REASONS = /does not support SSL|establishing an SSL connection/

/** Throws GUACAMOLE_CA_INVALID: a driver that is given something else may end the process. */
export function trustIn(authority: Secret): TrustedBy {
  const ca = authority.reveal()
  try {
    new X509Certificate(ca)
  } catch (cause) {
    throw guacamoleErrors.GUACAMOLE_CA_INVALID(undefined, { cause })
  }
  return { ca, rejectUnauthorized: true }
}

export function withoutTlsOptions(url: string): string {
  const at = new URL(url)
  for (const option of URL_OPTIONS) at.searchParams.delete(option)
  return at.href
}

/** What stops a connection before anything is asked over it; `cause` itself when it has nothing to do with TLS. */
export function tellTls(cause: unknown): unknown {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const reason = reasonOf(cause)
  return TLS_CODES.test(code) || TLS_REASONS.test(reason)
    ? guacamoleErrors.GUACAMOLE_TLS_REFUSED({ reason }, { cause })
    : cause
}
