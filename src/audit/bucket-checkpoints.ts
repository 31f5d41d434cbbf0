import pLimit from 'p-limit'
import type { Bucket } from '../aws/bucket.ts'
import { type CheckpointStore, PUBLIC_KEY, type StoredCheckpoint } from './checkpoint-store.ts'
import { auditErrors } from './errors.ts'

const FOLDER = 'checkpoints/'
const NAME = /^checkpoints\/(\d{12})\.json$/
const keyOf = (n: number): string => `${FOLDER}${String(n).padStart(12, '0')}.json`

/** Each is an object of its own: so many are fetched at once. */
const AT_ONCE = 24

/**
 * `checkpoints/000000000001.json` … and `public-key.pem`. A number is taken once: of two notaries that follow the same checkpoint the
 * second one is refused. Of an object with several versions the first counts, so that object lock protects what was signed.
 */
export function bucketCheckpoints(bucket: Bucket): CheckpointStore {
  let known = 0

  const isAnyAfter = async (n: number): Promise<boolean> => {
    for await (const key of bucket.keys(FOLDER, keyOf(n))) if (NAME.test(key)) return true
    return false
  }

  /** Listings go forwards only, and years of checkpoints are long: doubling steps, then halves. */
  const findLast = async (): Promise<number> => {
    let step = 1
    while (await isAnyAfter(known + step - 1)) step *= 2
    let low = known + Math.floor(step / 2)
    let high = known + step - 1
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (await isAnyAfter(middle)) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The first version of each, also of those that a later deletion hides. */
  const firstVersions = async (folder: string): Promise<[key: string, version: string][]> => {
    const found = new Map<string, string>()
    for await (const { key, version } of bucket.versions(folder)) found.set(key, version)
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1))
  }

  return {
    async *read() {
      const inTurn = pLimit(AT_ONCE)
      const all = (await firstVersions(FOLDER)).filter(([key]) => NAME.test(key))
      for (let at = 0; at < all.length; at += 1_000) {
        const page = all.slice(at, at + 1_000).map(([key, version]) =>
          inTurn(async (): Promise<StoredCheckpoint> => {
            const bytes = (await bucket.get(key, version)) ?? Buffer.alloc(0)
            return { where: `${bucket.url}/${key}`, line: Number(NAME.exec(key)?.[1]), bytes }
          }),
        )
        yield* await Promise.all(page)
      }
    },
    async last() {
      known = await findLast()
      return known === 0 ? undefined : bucket.get(keyOf(known))
    },
    async append(line) {
      if (!(await bucket.create(keyOf(known + 1), Buffer.from(line)))) {
        throw auditErrors.AUDIT_SIGNED_ELSEWHERE({ where: bucket.url, number: known + 1 })
      }
      known += 1
    },
    async publicKey() {
      const [first] = await firstVersions(PUBLIC_KEY)
      return first && (await bucket.get(...first))?.toString('utf8')
    },
    publishKey: async (pem) => void (await bucket.create(PUBLIC_KEY, Buffer.from(pem))),
  }
}
