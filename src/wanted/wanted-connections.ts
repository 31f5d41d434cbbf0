import { type Connection, connectionId, type Protocol } from '../model/connection.ts'
import { type Instance, isEnded } from '../model/instance.ts'
import type { Scope } from '../model/scope.ts'
import { renderTemplate, type TemplateFacts } from './render-template.ts'
import { safePathPart, safeText } from './safe-text.ts'
import type { ConnectionRule, ConnectionSettings } from './settings.ts'

const DEFAULT_PORTS: Readonly<Record<Protocol, number>> = { ssh: 22, rdp: 3389, vnc: 5900 }

/**
 * All that a tag may override. Tags are written by whoever may tag an instance: never a host, a path, a command,
 * a credential or a security switch.
 */
const TAG_PORT = 'enchilada:port'
const TAG_USER = 'enchilada:user'

export type Wanted = { scope: Scope; accountName?: string | undefined; instances: readonly Instance[] }

/** The connections that a scope should have. Names that two of them share in one group get the end of the instance id. */
export function wantedConnections(
  { scope, accountName, instances }: Wanted,
  settings: ConnectionSettings,
): Connection[] {
  const connections = instances.flatMap((instance) => {
    if (isEnded(instance.state) || !isOffered(instance, settings)) return []
    const facts = factsOf(scope, accountName, instance)
    const byId = new Map<string, Connection>()
    for (const rule of settings.rules.filter((one) => fits(one, scope, instance))) {
      const connection = connectionOf(scope, instance, rule, facts, settings)
      // The first rule wins where two give the same protocol and port.
      if (!byId.has(connection.id)) byId.set(connection.id, connection)
    }
    return [...byId.values()]
  })
  return distinguish(connections)
}

function connectionOf(
  scope: Scope,
  instance: Instance,
  rule: ConnectionRule,
  facts: TemplateFacts,
  settings: ConnectionSettings,
): Connection {
  const port = portTag(instance.tags[TAG_PORT]) ?? rule.port ?? DEFAULT_PORTS[rule.protocol]
  const userName = userTag(instance.tags[TAG_USER]) ?? rule.userName
  return {
    id: connectionId(scope, instance.id, rule.protocol, port),
    scope,
    instanceId: instance.id,
    protocol: rule.protocol,
    port,
    name: safeText(renderTemplate(settings.name, facts)) || instance.id,
    group: settings.group.map((part) => safePathPart(renderTemplate(part, facts))).filter((part) => part !== ''),
    network: rule.network,
    instance,
    ...(userName ? { userName } : {}),
    ...(rule.credential ? { credential: rule.credential } : {}),
  }
}

const factsOf = (scope: Scope, accountName: string | undefined, instance: Instance): TemplateFacts => ({
  instanceId: instance.id,
  account: scope.account,
  accountName: accountName ?? scope.account,
  region: scope.region,
  tenant: scope.tenant,
  privateIp: instance.privateIp ?? '',
  instanceType: instance.instanceType,
  availabilityZone: instance.availabilityZone,
  tags: instance.tags,
})

function isOffered({ tags }: Instance, { optIn, optOut }: ConnectionSettings): boolean {
  const carries = (wanted: Readonly<Record<string, string>>) =>
    Object.entries(wanted).some(([key, value]) => Object.hasOwn(tags, key) && (value === '*' || tags[key] === value))
  return !carries(optOut) && (optIn === undefined || carries(optIn))
}

const fits = (rule: ConnectionRule, scope: Scope, { platform, tags, imageId }: Instance): boolean =>
  (rule.platform === undefined || rule.platform === platform) &&
  (rule.accounts === undefined || rule.accounts.includes(scope.account)) &&
  (rule.regions === undefined || rule.regions.includes(scope.region)) &&
  (rule.images === undefined || rule.images.includes(imageId)) &&
  Object.entries(rule.tags ?? {}).every(
    ([key, value]) => Object.hasOwn(tags, key) && (value === '*' || tags[key] === value),
  )

function portTag(value: string | undefined): number | undefined {
  const port = value !== undefined && /^\d{1,5}$/.test(value) ? Number(value) : 0
  return port >= 1 && port <= 65535 ? port : undefined
}

/** POSIX portable user names; anything else in the tag is ignored. */
const userTag = (value: string | undefined): string | undefined =>
  value !== undefined && /^[a-z_][a-z0-9_.-]{0,31}$/i.test(value) ? value : undefined

/** Every bearer of a shared name is renamed, so that the outcome does not depend on who came first. */
function distinguish(connections: readonly Connection[]): Connection[] {
  const keyOf = ({ group, name }: Connection) => JSON.stringify([group, name])
  const bearers = new Map<string, number>()
  for (const connection of connections) bearers.set(keyOf(connection), (bearers.get(keyOf(connection)) ?? 0) + 1)
  return connections.map((connection) => {
    if (bearers.get(keyOf(connection)) === 1) return connection
    const { name, instanceId, protocol, port } = connection
    const ends = name.endsWith(instanceId) ? `${protocol} ${port}` : `${instanceId.slice(-8)} ${protocol} ${port}`
    return { ...connection, name: `${[...name].slice(0, 128 - ends.length - 3).join('')} (${ends})` }
  })
}
