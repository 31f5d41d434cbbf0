import * as z from 'zod'

/** The attribute that says an object is ours. Guacamole shows it to the API alone and never sends it to guacd. */
export const MARK = 'enchilada'

const connectionMark = z.object({
  v: z.literal(1),
  /** formatScope's text. */
  scope: z.string(),
  instance: z.string(),
  id: z.string(),
  /** Hash of all that guacd is told: what REST cannot read in bulk. */
  content: z.string(),
  /** User groups that we gave READ; only these are ever taken back. */
  readers: z.array(z.string()),
  /** Milliseconds since 1970; the instance is gone and the connection waits for its deletion. */
  retired: z.number().optional(),
})
export type ConnectionMark = z.infer<typeof connectionMark>

export const ownedBy = ({ id, scope, instance }: ConnectionMark) => ({ id, scope, instance })

const groupMark = z.object({ v: z.literal(1), group: z.literal(true), readers: z.array(z.string()) })
export type GroupMark = z.infer<typeof groupMark>

/** ASCII alone, because MySQL's `utf8` keeps three bytes a character; keys in a fixed order, because SQL looks for the beginning. */
const asAscii = (value: object): string =>
  JSON.stringify(value).replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

export const writeConnectionMark = ({ scope, instance, id, content, readers, retired }: ConnectionMark): string =>
  asAscii({ v: 1, scope, instance, id, content, readers, ...(retired === undefined ? {} : { retired }) })

export const writeGroupMark = (readers: readonly string[]): string => asAscii({ v: 1, group: true, readers })

/** What every mark of a scope begins with. */
export const markPrefix = (scope: string): string => asAscii({ v: 1, scope }).slice(0, -1)

export const readConnectionMark = (text: string | null | undefined): ConnectionMark | undefined =>
  connectionMark.safeParse(parse(text)).data

export const readGroupMark = (text: string | null | undefined): GroupMark | undefined =>
  groupMark.safeParse(parse(text)).data

/** Somebody may have written something else there: then it is not ours. */
function parse(text: string | null | undefined): unknown {
  try {
    return text ? JSON.parse(text) : undefined
  } catch {
    return undefined
  }
}
