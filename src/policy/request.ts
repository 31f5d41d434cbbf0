import type { CedarValueJson, EntityJson, EntityUid } from '@cedar-policy/cedar-wasm/nodejs'

/** All of an instance that a policy can tell apart. */
export type Facts = {
  tenant: string
  account: string
  region: string
  /** Path from the root, outermost first. */
  group: readonly string[]
  protocol: string
  tags: Readonly<Record<string, string>>
}

export type Asker = { id: string; name: string; groups: readonly string[]; mfa: boolean }

export type Question =
  | { action: 'list' | 'connect'; facts: Facts }
  | { action: 'watch' | 'play' | 'end'; facts: Facts; owner: string }
  | { action: 'administer' | 'audit' }

const uid = (type: string, id: string): EntityUid => ({ type: `Enchilada::${type}`, id })

/** `Prod/eu-west-1/` : with a slash at the end, so that \`like "Prod/*"\` never takes "Production". */
export const groupText = (group: readonly string[]): string => group.map((part) => `${part}/`).join('')

export function cedarRequest(asker: Asker, question: Question) {
  const principal = uid('Person', asker.id)
  const resource =
    'facts' in question ? uid('owner' in question ? 'Recording' : 'Instance', 'it') : uid('Fleet', 'fleet')
  const entities: EntityJson[] = [
    { uid: principal, attrs: { name: asker.name }, parents: asker.groups.map((group) => uid('Group', group)) },
  ]
  if ('facts' in question) entities.push(resourceEntity(resource, question))
  return {
    principal,
    action: uid('Action', question.action),
    resource,
    context: { mfa: asker.mfa },
    entities,
  }
}

function resourceEntity(resource: EntityUid, question: Extract<Question, { facts: Facts }>): EntityJson {
  const { tenant, account, region, group, protocol, tags } = question.facts
  const attrs: Record<string, CedarValueJson> = { tenant, account, region, group: groupText(group), protocol }
  if ('owner' in question) attrs['owner'] = { __entity: { type: 'Enchilada::Person', id: question.owner } }
  return { uid: resource, attrs, parents: [], tags: { ...tags } }
}
