import 'reflect-metadata'
import { X509Certificate } from 'node:crypto'
import { X509CertificateGenerator } from '@peculiar/x509'
import { Secret } from '../../kernel/secret.ts'

/** A key on P-256 and the certificate that names it; both base64 of DER. `fingerprint`: SHA-256, hex with colons. */
export type Certificate = { readonly der: string; readonly privateKey: Secret; readonly fingerprint: string }

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

/** It is known by its fingerprint and dies with a process, so it has no term, and a laptop's wrong clock does not matter to it. RFC 5280, 4.1.2.5. */
export async function selfSign(name: string): Promise<Certificate> {
  const keys = await crypto.subtle.generateKey(P256, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: `CN=${name}`,
    notBefore: new Date('2000-01-01T00:00:00Z'),
    notAfter: new Date('9999-12-31T23:59:59Z'),
    keys,
    signingAlgorithm: P256,
  })
  const der = Buffer.from(certificate.rawData)
  const privateKey = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey))
  return {
    der: der.toString('base64'),
    privateKey: new Secret(privateKey.toString('base64')),
    fingerprint: new X509Certificate(der).fingerprint256,
  }
}
