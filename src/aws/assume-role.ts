import { AssumeRoleCommand, type STSClient } from '@aws-sdk/client-sts'
import type { Clock } from '../kernel/clock.ts'
import { reasonOf } from '../kernel/errors.ts'
import { isDenied } from './error-sets.ts'
import { awsErrors } from './errors.ts'

/** In whose name an account is visited: each account's own CloudTrail shows it. */
export type Visitor = { readonly name: string }

export type Credentials = { accessKeyId: string; secretAccessKey: string; sessionToken: string; expiration: Date }

/** Used no longer than this before they end, so that no call starts with credentials about to expire. */
export const SPARE_MS = 5 * 60_000

/** Role session names and source identities allow [\w+=,.@-] and 2 to 64 characters (STS API reference). */
export function sessionNameOf(visitor: Visitor): string {
  const name = visitor.name.replace(/[^\w+=,.@-]/g, '-').slice(0, 64)
  return name.length < 2 ? `${name}--`.slice(0, 2) : name
}

export function createRoleAssumer({ sts, clock }: { sts: STSClient; clock: Clock }) {
  const cache = new Map<string, { until: number; credentials: Promise<Credentials> }>()

  const ask = async (roleArn: string, name: string, externalId?: string): Promise<Credentials> => {
    const account = roleArn.split(':')[4] ?? ''
    try {
      const { Credentials: given } = await sts.send(
        new AssumeRoleCommand({
          RoleArn: roleArn,
          RoleSessionName: name,
          SourceIdentity: name,
          ...(externalId ? { ExternalId: externalId } : {}),
        }),
      )
      return {
        accessKeyId: given?.AccessKeyId ?? '',
        secretAccessKey: given?.SecretAccessKey ?? '',
        sessionToken: given?.SessionToken ?? '',
        expiration: given?.Expiration ?? new Date(clock.now() + 3_600_000),
      }
    } catch (cause) {
      const details = { action: 'sts:AssumeRole', account, reason: reasonOf(cause) }
      throw isDenied(cause) ? awsErrors.AWS_DENIED(details, { cause }) : awsErrors.AWS_UNAVAILABLE(details, { cause })
    }
  }

  return async (roleArn: string, visitor: Visitor, externalId?: string): Promise<Credentials> => {
    const name = sessionNameOf(visitor)
    const key = `${roleArn} ${name}`
    const known = cache.get(key)
    if (known && known.until > clock.now()) return known.credentials
    const credentials = ask(roleArn, name, externalId)
    // Until it is known when they end, everybody who asks shares one call.
    cache.set(key, { until: Number.POSITIVE_INFINITY, credentials })
    try {
      const given = await credentials
      cache.set(key, { until: given.expiration.getTime() - SPARE_MS, credentials })
      return given
    } catch (error) {
      cache.delete(key)
      throw error
    }
  }
}
