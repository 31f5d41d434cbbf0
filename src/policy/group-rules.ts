import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import * as z from 'zod'

/** Groups that policies let connect, and what of the policies a list of groups cannot say. */
export type GroupRules = { groups: readonly string[]; faults: readonly string[] }

const entity = z.object({ type: z.string(), id: z.string() })
const scopeSchema = z.object({
  op: z.string(),
  entity: entity.optional(),
  entities: z.array(entity).optional(),
  in: z.object({ entity }).optional(),
})
const policySchema = z.object({
  effect: z.enum(['permit', 'forbid']),
  principal: scopeSchema,
  action: scopeSchema,
  conditions: z.array(z.object({ body: z.unknown() })),
})
type Policy = z.infer<typeof policySchema>

/** Looks at the policies that decide about `connect`, by name. */
export function groupRulesOf(policies: Readonly<Record<string, string>>): GroupRules {
  const groups = new Set<string>()
  const faults: string[] = []
  for (const [name, text] of Object.entries(policies)) {
    const parsed = cedar.policyToJson(text)
    const policy = parsed.type === 'success' ? policySchema.safeParse(parsed.json).data : undefined
    if (!policy) faults.push(`${name} could not be read`)
    else if (isAbout(policy, 'connect')) {
      const group = groupOf(policy)
      if (group !== undefined && policy.effect === 'permit') groups.add(group)
      faults.push(...faultsOf(policy, group).map((fault) => `${name} ${fault}`))
    }
  }
  return { groups: [...groups].sort(), faults }
}

const isAbout = ({ action }: Policy, wanted: string): boolean =>
  action.op === 'All' || [action.entity, ...(action.entities ?? [])].some((one) => one?.id === wanted)

function groupOf({ principal }: Policy): string | undefined {
  const within = principal.in?.entity ?? (principal.op === 'in' ? principal.entity : undefined)
  return within?.type === 'Enchilada::Group' ? within.id : undefined
}

function faultsOf(policy: Policy, group: string | undefined): string[] {
  const faults: string[] = []
  const isForAll = policy.principal.op === 'All' || (policy.principal.op === 'is' && !policy.principal.in)
  if (policy.effect === 'permit' && group === undefined) {
    faults.push(isForAll ? 'is for everybody who signed in, and Guacamole has no such group' : 'names one person')
  }
  // Who is in two groups has in Guacamole what either may.
  if (policy.effect === 'forbid' && !isForAll) faults.push('takes from some people what their groups may')
  const asked = new Set(policy.conditions.flatMap((one) => [...variables(one.body)]))
  if (asked.has('context')) faults.push('asks how they signed in')
  if (asked.has('principal')) faults.push('asks who it is beyond the group it is for')
  return faults
}

function* variables(node: unknown): Generator<string> {
  if (typeof node !== 'object' || node === null) return
  for (const [key, value] of Object.entries(node)) {
    if (key === 'Var' && typeof value === 'string') yield value
    else yield* variables(value)
  }
}
