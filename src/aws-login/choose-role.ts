import type { SamlRole } from './assertion.ts'
import { loginErrors } from './errors.ts'

/** Asks a person on a terminal; rejects when the time is up. */
export type AskRole = (roles: readonly SamlRole[]) => Promise<SamlRole>

const listOf = (roles: readonly SamlRole[]) => roles.map((role) => role.roleArn).join(', ')

/** By ARN, by name, the only one there is, or the one a person chooses; `ask` is absent where nobody can. */
export async function chooseRole(
  roles: readonly SamlRole[],
  wanted: string | undefined,
  ask: AskRole | undefined,
): Promise<SamlRole> {
  if (roles.length === 0) throw loginErrors.LOGIN_NO_ROLE()
  const fitting =
    wanted === undefined ? roles : roles.filter(({ roleArn, name }) => roleArn === wanted || name === wanted)
  const [first, ...more] = fitting
  if (!first) throw loginErrors.LOGIN_ROLE_UNKNOWN({ role: wanted, roles: listOf(roles) })
  if (more.length === 0) return first
  if (!ask) throw loginErrors.LOGIN_ROLE_AMBIGUOUS({ roles: listOf(fitting) })
  return ask(fitting)
}
