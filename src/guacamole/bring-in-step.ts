import type { BuiltInCatalogue } from '../catalogue/built-in.ts'
import type { Catalogue } from '../catalogue/catalogue.ts'
import type { Log } from '../kernel/log.ts'
import { parseScope } from '../model/scope.ts'
import type { Store } from '../store/store.ts'

export type StepDeps = {
  store: Pick<Store, 'db'>
  /** What is wanted. */
  builtIn: Pick<BuiltInCatalogue, 'read'>
  target: Catalogue
  log: Log
}

/** Whether the scope is to be looked at again soon, although all was written. */
export type Stepped = { again: boolean }

/** Makes a catalogue that lives elsewhere equal to ours in one scope, given as formatScope's text. What was refused is told and holds up nothing. */
export function createStep({ store, builtIn, target, log }: StepDeps) {
  return async function bringInStep(key: string): Promise<Stepped> {
    const scope = parseScope(key)
    const { put, removed, refused, again } = await target.keepInStep(scope, () => builtIn.read(store.db, scope))
    if (put.length + removed.length > 0) log.info({ scope: key, put: put.length, removed: removed.length }, 'in step')
    for (const { id, error } of refused) log.warn({ id, code: error.code, reason: error.message }, 'left out of step')
    if (again) log.warn({ scope: key, code: again.code, reason: again.message }, 'in step, and looked at again')
    return { again: again !== undefined }
  }
}
