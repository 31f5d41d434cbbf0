import type { CodedError } from '../kernel/errors.ts'
import type { Connection } from '../model/connection.ts'
import type { Scope } from '../model/scope.ts'

/** What one pass wrote, by connection id (src/model/connection). Refused is what could not be written; the rest was. */
export type InStep = {
  put: readonly string[]
  removed: readonly string[]
  refused: readonly { id: string; error: CodedError }[]
  /** What is left to do beside the writing: the scope is to be looked at again soon, and no other waits for it. */
  again?: CodedError
}

/** Where connections are kept for people to open: in our own database, or in somebody's Apache Guacamole. */
export type Catalogue = {
  /**
   * Makes what is ours of the scope equal to `wanted`, and touches nothing else. `wanted` is asked when nobody else may
   * write the scope any more, so that a late caller never writes what is old. Cut short anywhere, the next call ends it;
   * called again it writes nothing.
   */
  keepInStep(scope: Scope, wanted: () => Promise<readonly Connection[]>): Promise<InStep>
}
