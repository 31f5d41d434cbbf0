const MISSING: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR'])

/** What the file system says of a path that is not there. */
export const isMissingFile = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && MISSING.has(error.code)

/** For `catch`: what somebody removed meanwhile is nothing, any other fault stays one. */
export function whenGone(error: unknown): undefined {
  if (!isMissingFile(error)) throw error
}
