import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** What a provider signs with. Both PEM. */
export type SigningKey = { privateKey: string; certificate: string }

/** A fresh RSA key with a certificate of its own for ten years, as identity providers make them. Node makes keys but no certificates. */
export async function makeSigningKey(name: string): Promise<SigningKey> {
  const { stdout } = await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-noenc', '-days', '3650', '-subj', `/CN=${name}`],
    ...['-addext', 'basicConstraints=critical,CA:FALSE', '-keyout', '-', '-out', '-'],
  ])
  const part = (label: string) =>
    new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----\n`).exec(stdout)?.[0] ?? ''
  return { privateKey: part('PRIVATE KEY'), certificate: part('CERTIFICATE') }
}

/** Base64 DER, as XML carries it. */
export const bareCertificate = ({ certificate }: SigningKey): string =>
  certificate.replace(/-----[^-]+-----/g, '').replace(/\s/g, '')
