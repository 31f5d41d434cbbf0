import * as z from 'zod'
import { instanceIdSchema } from './instance.ts'
import { scopeSchema } from './scope.ts'

/**
 * "Look at these ids in this scope." A key, never a fact: nothing else an event says is believed.
 * `ids: 'all'` asks for a listing of the whole scope. `attempt` counts the looks at an id that AWS did not know yet.
 */
export const hintSchema = z.object({
  scope: scopeSchema,
  ids: z.union([z.literal('all'), z.array(instanceIdSchema).min(1)]),
  attempt: z.number().int().nonnegative().default(0),
  sweepId: z.string().optional(),
})
export type Hint = z.infer<typeof hintSchema>
