import { createHash } from 'node:crypto'
import type { CodedError } from '../../kernel/errors.ts'
import type { Secret } from '../../kernel/secret.ts'
import type { Connection } from '../../model/connection.ts'
import { formatScope } from '../../model/scope.ts'
import { guacamoleErrors } from './errors.ts'
import { escapeTokens, TAG_RULES } from './parameters.ts'
import type { GuacamoleSettings } from './settings.ts'
import { type Desired, NAME_LENGTH, VALUE_LENGTH } from './tree.ts'

export type PlainSecret = { protocol: string; parameter: string; accounts: readonly string[]; secret: Secret }

export type DesireDeps = {
  settings: Pick<GuacamoleSettings, 'group' | 'guacd' | 'recording' | 'parameters'>
  /** User groups that the policies give the connection to. */
  readersOf(connection: Connection): readonly string[]
  secrets: readonly PlainSecret[]
}

export type Refused = { id: string; error: CodedError }

/** What Guacamole should hold of these connections, and why it cannot hold some of them. */
export function desire(connections: readonly Connection[], deps: DesireDeps) {
  const desired: Desired[] = []
  const refused: Refused[] = []
  for (const connection of connections) {
    const one = desiredOf(connection, deps)
    const tooLong = Object.entries(one.parameters).find(([, value]) => value.length > VALUE_LENGTH)
    desired.push(tooLong ? { ...one, refused: true } : one)
    if (!tooLong) continue
    const details = { field: tooLong[0], name: one.name, limit: VALUE_LENGTH }
    refused.push({ id: one.id, error: guacamoleErrors.GUACAMOLE_FIELD_TOO_LONG(details) })
  }
  return { desired, refused }
}

function desiredOf(connection: Connection, { settings, readersOf, secrets }: DesireDeps): Desired {
  const guacd = settings.guacd[connection.network]
  return {
    id: connection.id,
    scope: formatScope(connection.scope),
    instanceId: connection.instanceId,
    path: [settings.group, ...connection.group].map(fitting),
    name: fitting(connection.name),
    protocol: connection.protocol,
    attributes: guacd
      ? {
          'guacd-hostname': guacd.hostname,
          'guacd-port': String(guacd.port),
          'guacd-encryption': guacd.encryption,
        }
      : {},
    parameters: parametersOf(connection, settings, secrets),
    readers: [...new Set(readersOf(connection))].sort(),
  }
}

/** Three-byte characters at most, because MySQL's `utf8` refuses the rest; as long as the column. */
const fitting = (text: string): string => text.replace(/[\u{10000}-\u{10ffff}]/gu, '\ufffd').slice(0, NAME_LENGTH)

function parametersOf(
  { protocol, port, userName, instance, scope }: Connection,
  settings: DesireDeps['settings'],
  secrets: readonly PlainSecret[],
): Record<string, string> {
  const fromTags = TAG_RULES.flatMap(({ tag, parameter, takes, protocols }) => {
    const value = Object.hasOwn(instance.tags, tag) ? (instance.tags[tag] ?? '') : ''
    return protocols.includes(protocol) && takes.test(value) ? [[parameter, escapeTokens(value)] as const] : []
  })
  const recording = settings.recording && {
    'recording-path': settings.recording.path,
    'recording-name': settings.recording.name,
    'create-recording-path': 'true',
  }
  const given = secrets
    .filter((one) => one.protocol === protocol && one.accounts.includes(scope.account))
    .map((one) => [one.parameter, escapeTokens(one.secret.reveal())] as const)
  const all: Record<string, string> = {
    ...settings.parameters[protocol],
    ...recording,
    ...Object.fromEntries(fromTags),
    ...Object.fromEntries(given),
    port: String(port),
    // Without an address nothing can be opened by mistake: guacd refuses an empty host name.
    hostname: escapeTokens(instance.privateIp ?? ''),
    username: userName ?? '',
  }
  // Guacamole keeps no empty values.
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
}

/** First 16 hex of sha256 over all that guacd is told. */
export const contentOf = ({
  protocol,
  parameters,
  attributes,
}: Pick<Desired, 'protocol' | 'parameters' | 'attributes'>) =>
  createHash('sha256')
    .update(JSON.stringify([protocol, sorted(parameters), sorted(attributes)]))
    .digest('hex')
    .slice(0, 16)

const sorted = (record: Readonly<Record<string, string>>) => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))
