import { createHash } from 'node:crypto'

/** A session or a login as Guacamole wrote it down; times are Guacamole's, ms since 1970. */
export type HistoryRow = {
  kind: 'session' | 'login'
  id: number
  userName: string
  remoteHost: string | undefined
  startedAt: number
  endedAt: number | undefined
  /** Of a session. Guacamole's id goes when the connection is deleted; the name stays. */
  connection?: { id: string | undefined; name: string }
}

export type HistoryPlace = Pick<HistoryRow, 'id' | 'startedAt'>

export type History = {
  /** The newest rows, and whether older ones may be out of reach. */
  newest(kind: HistoryRow['kind']): Promise<{ rows: HistoryRow[]; isAll: boolean }>
  /**
   * What lies between two rows by number, where more began between two looks than `newest` gives, or a clock that was set hides it; and
   * whether that is all of it.
   */
  between(
    kind: HistoryRow['kind'],
    after: HistoryPlace,
    before: HistoryPlace,
  ): Promise<{ rows: HistoryRow[]; isAll: boolean }>
  /** These rows as they are now, where they can be asked for; what is gone is left out. */
  again(kind: HistoryRow['kind'], ids: readonly number[]): Promise<HistoryRow[]>
}

const NAMESPACE = { session: '8b55f07095f43d3193ee9c5845e7aa40', login: 'e104741ac94939478d79f3f2cdce7d6f' } as const

/** RFC 9562 version 3 over the row's id: also the name of the live session, and of its recording. */
export function historyUuid(kind: HistoryRow['kind'], id: number): string {
  const name = Buffer.alloc(8)
  name.writeBigInt64BE(BigInt(id))
  const hash = createHash('md5').update(Buffer.from(NAMESPACE[kind], 'hex')).update(name).digest()
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x30
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80
  const hex = hash.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
