import { sha256Hex } from '../kernel/ids.ts'

/**
 * The id of a session's recording in our store: RFC 9562 version 7, so that recordings sort by time, with the hash of Guacamole's uuid in
 * the place of chance, so that the same session has the same id whoever ships it and however often.
 */
export function shippedId(uuid: string, startedAt: number): string {
  const time = Math.trunc(startedAt).toString(16).padStart(12, '0').slice(-12)
  const hash = sha256Hex(uuid)
  const variant = (0x8 | (Number.parseInt(hash[3] ?? '0', 16) & 0x3)).toString(16)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hash.slice(0, 3)}-${variant}${hash.slice(4, 7)}-${hash.slice(7, 19)}`
}
