import { createHash } from 'node:crypto'
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { cedarSchema } from './cedar-schema.ts'
import { policyErrors } from './errors.ts'
import { type GroupRules, groupRulesOf } from './group-rules.ts'
import { type Mentions, mentionsOf } from './mentions.ts'
import { type Asker, cedarRequest, type Question } from './request.ts'

export type PolicyFile = { name: string; text: string }

export type Decision = {
  allowed: boolean
  /** Names of the policies that decided: \`file:@id\` or \`file#n\`; empty when nothing permitted. */
  policies: readonly string[]
}

export type PolicySet = {
  /** Content hash: two sets with one hash decide alike. */
  readonly hash: string
  readonly mentions: Mentions
  /** For catalogues that know groups and nothing else. */
  readonly groupRules: GroupRules
  decide(asker: Asker, question: Question): Decision
}

const SCHEMA = 'enchilada'

/** Parses and validates every file, all faults at once. Throws POLICY_INVALID. */
export function parsePolicies(files: readonly PolicyFile[]): PolicySet {
  const policies: Record<string, string> = {}
  const faults: string[] = []
  for (const file of files) {
    const parts = cedar.policySetTextToParts(file.text)
    if (parts.type === 'failure') {
      faults.push(...parts.errors.map((error) => `${file.name}: ${error.message}`))
      continue
    }
    if (parts.policy_templates.length > 0) faults.push(`${file.name}: templates are not used here`)
    for (const [at, text] of parts.policies.entries()) policies[nameOf(file.name, text, at)] = text
  }
  const validation = cedar.validate({ schema: cedarSchema, policies: { staticPolicies: policies } })
  if (validation.type === 'failure') faults.push(...validation.errors.map((error) => error.message))
  else faults.push(...validation.validationErrors.map(({ policyId, error }) => `${policyId}: ${error.message}`))
  if (faults.length > 0) throw policyErrors.POLICY_INVALID({ faults: faults.join('; ') })
  return preparse(policies)
}

function preparse(policies: Record<string, string>): PolicySet {
  const hash = createHash('sha256')
    .update(JSON.stringify([cedarSchema, policies]))
    .digest('hex')
    .slice(0, 16)
  // Preparsed sets live in one table of the WebAssembly module, by name: the content hash keeps two apart.
  cedar.preparseSchema(SCHEMA, cedarSchema)
  cedar.preparsePolicySet(hash, { staticPolicies: policies })
  return {
    hash,
    mentions: mentionsOf(Object.values(policies)),
    groupRules: groupRulesOf(policies),
    decide(asker, question) {
      const answer = cedar.statefulIsAuthorized({
        ...cedarRequest(asker, question),
        preparsedSchemaName: SCHEMA,
        preparsedPolicySetId: hash,
      })
      if (answer.type === 'failure') {
        throw policyErrors.POLICY_FAILED({ reason: answer.errors.map((error) => error.message).join('; ') })
      }
      const { decision, diagnostics } = answer.response
      return { allowed: decision === 'allow', policies: diagnostics.reason }
    },
  }
}

function nameOf(file: string, text: string, at: number): string {
  const id = /@id\("([^"]+)"\)/.exec(text)?.[1]
  return id ? `${file}:${id}` : `${file}#${at + 1}`
}
