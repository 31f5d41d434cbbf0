const POSTGRES = /\(connection(?:_group)?_name, parent_id\)=\((.*), \d+\)/
const MYSQL = /^Duplicate entry '(.*)-\d+' for key/

/** The name that the database took for another in the same group: its collation knows more equal letters than we do. */
export function clashingName(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined
  if (!(cause instanceof Error) || !('code' in cause)) return undefined
  if (cause.code === '23505' && 'detail' in cause) return POSTGRES.exec(String(cause.detail))?.[1]
  return cause.code === 'ER_DUP_ENTRY' ? MYSQL.exec(cause.message)?.[1] : undefined
}
