import * as z from 'zod'
import { formatScope, parseScope } from '../model/scope.ts'

const messageSchema = z.object({ scope: z.string().transform((text) => formatScope(parseScope(text))) })

/** "Look at this scope": a key, as a hint is. What it should be is read when it is looked at. */
export const writeScopeMessage = (scope: string): string => JSON.stringify({ scope })

/** formatScope's text, or undefined of a message that is none of ours. */
export function readScopeMessage(body: string): string | undefined {
  try {
    return messageSchema.parse(JSON.parse(body)).scope
  } catch {
    return undefined
  }
}
