import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { InstanceCredentials, LabInstance, SentKey } from '../aws/doors.ts'

export type MetadataSource = {
  /** Who asks: the address is the identity. */
  find(address: string): LabInstance | undefined
  sentKeys(id: string, user: string): Promise<SentKey[]>
  /** Of the role of its instance profile; null without one. */
  credentials(id: string): Promise<InstanceCredentials | null>
}

type Entry = string | undefined
type Answer = { status: number; body?: string | Buffer }

const TOKEN_HEADER = 'x-aws-ec2-metadata-token'
const LONGEST_TOKEN_S = 21_600

/**
 * The instance metadata service, version 2: no answer without a token.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html
 */
export function createMetadataService(source: MetadataSource, now: () => number = Date.now): Server {
  /** Token → the address it was given to and when it ends. */
  const tokens = new Map<string, { address: string; until: number }>()

  function giveToken(request: IncomingMessage, address: string): Answer {
    const seconds = Number(request.headers[`${TOKEN_HEADER}-ttl-seconds`])
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > LONGEST_TOKEN_S) return { status: 400 }
    if (request.headers['x-forwarded-for']) return { status: 403 }
    for (const [token, { until }] of tokens) if (until < now()) tokens.delete(token)
    const token = randomBytes(40).toString('base64url')
    tokens.set(token, { address, until: now() + seconds * 1000 })
    return { status: 200, body: token }
  }

  async function answer(request: IncomingMessage): Promise<Answer> {
    const address = (request.socket.remoteAddress ?? '').replace('::ffff:', '')
    const instance = source.find(address)
    if (!instance) return { status: 404 }
    const path = (request.url ?? '/').replace(/\/+/g, '/')
    if (path === '/latest/api/token') return request.method === 'PUT' ? giveToken(request, address) : { status: 405 }
    const token = tokens.get(String(request.headers[TOKEN_HEADER] ?? ''))
    if (!token || token.address !== address || token.until < now()) return { status: 401 }
    if (request.method !== 'GET') return { status: 405 }
    const body = await read(instance, path, source)
    return body === undefined ? { status: 404 } : { status: 200, body }
  }

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    answer(request).then(
      ({ status, body }) =>
        response.writeHead(status, { 'content-type': 'text/plain', server: 'EC2ws' }).end(body ?? ''),
      () => response.writeHead(500).end(),
    )
  })
  return server
}

async function read(instance: LabInstance, path: string, source: MetadataSource): Promise<string | Buffer | undefined> {
  if (path === '/latest/user-data') return instance.userData ? Buffer.from(instance.userData, 'base64') : undefined
  if (path === '/latest/dynamic/instance-identity/document') return JSON.stringify(identityOf(instance), undefined, 2)
  const prefix = /^\/(?:latest|\d{4}-\d{2}-\d{2})\/meta-data(?:\/|$)/.exec(path)?.[0]
  if (prefix === undefined) return undefined
  const item = path.slice(prefix.length).replace(/\/$/, '')
  const user = /^managed-ssh-keys\/active-keys\/([^/]+)$/.exec(item)?.[1]
  if (user !== undefined) {
    const keys = await source.sentKeys(instance.id, decodeURIComponent(user))
    return keys.length > 0 ? `${keys.map((sent) => sent.key).join('\n')}\n` : undefined
  }
  if (item.startsWith('iam/security-credentials')) return readCredentials(item, await source.credentials(instance.id))
  return readTree(entriesOf(instance), item)
}

function readCredentials(item: string, given: InstanceCredentials | null): string | undefined {
  if (!given) return undefined
  const { role, accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, token: Token, expiration } = given
  if (item === 'iam/security-credentials') return role
  if (item !== `iam/security-credentials/${role}`) return undefined
  const Type = 'AWS-HMAC'
  return JSON.stringify({ Code: 'Success', Type, AccessKeyId, SecretAccessKey, Token, Expiration: expiration })
}

/** A leaf's value, or the names below a folder, folders with a slash behind. */
function readTree(entries: Readonly<Record<string, Entry>>, item: string): string | undefined {
  const leaf = entries[item]
  if (leaf !== undefined) return leaf
  const inside = item === '' ? '' : `${item}/`
  const names = Object.entries(entries)
    .filter(([path, value]) => value !== undefined && path.startsWith(inside))
    .map(([path]) => path.slice(inside.length).replace(/\/.*/, '/'))
  return names.length > 0 ? [...new Set(names)].sort().join('\n') : undefined
}

function entriesOf(instance: LabInstance): Record<string, Entry> {
  const mac = instance.mac ?? '02:00:00:00:00:01'
  const interfaceFolder = `network/interfaces/macs/${mac}`
  const name = `ip-${(instance.privateIp ?? '').replaceAll('.', '-')}.${instance.region}.compute.internal`
  return {
    'ami-id': instance.image,
    hostname: name,
    'local-hostname': name,
    'instance-action': 'none',
    'instance-id': instance.id,
    'instance-life-cycle': 'on-demand',
    'instance-type': instance.type,
    'local-ipv4': instance.privateIp ?? undefined,
    mac,
    'placement/availability-zone': instance.zone,
    'placement/region': instance.region,
    'public-ipv4': instance.publicIp ?? undefined,
    'public-keys': instance.publicKey ? `0=${instance.keyName}` : undefined,
    'public-keys/0/openssh-key': instance.publicKey ?? undefined,
    [`${interfaceFolder}/local-ipv4s`]: instance.privateIp ?? undefined,
    [`${interfaceFolder}/subnet-ipv4-cidr-block`]: instance.subnet?.cidr,
    [`${interfaceFolder}/vpc-ipv4-cidr-block`]: instance.vpc?.cidr,
    [`${interfaceFolder}/vpc-id`]: instance.vpc?.id,
    [`${interfaceFolder}/subnet-id`]: instance.subnet?.id,
    'services/domain': 'amazonaws.com',
    'services/partition': 'aws',
    ...(instance.metadataTags === 'enabled' ? tagEntries(instance.tags) : {}),
  }
}

const tagEntries = (tags: Record<string, string>): Record<string, Entry> =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [`tags/instance/${key}`, value]))

function identityOf(instance: LabInstance): Record<string, unknown> {
  return {
    accountId: instance.account,
    architecture: 'x86_64',
    availabilityZone: instance.zone,
    imageId: instance.image,
    instanceId: instance.id,
    instanceType: instance.type,
    pendingTime: instance.launchTime,
    privateIp: instance.privateIp,
    region: instance.region,
    version: '2017-09-30',
  }
}
