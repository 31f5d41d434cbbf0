import * as z from 'zod'
import { instanceIds, type ReadIds } from './event.ts'

const detailSchema = z.object({ service: z.string(), 'resource-type': z.string() })

/** "Tag Change on Resource": the ids are in `resources`, as ARNs. */
export const readTagChange: ReadIds = (event) => {
  const detail = detailSchema.safeParse(event.detail).data
  if (!detail) return undefined
  if (detail.service !== 'ec2' || detail['resource-type'] !== 'instance') return []
  return instanceIds(event.resources.map((arn) => arn.split('/').at(-1)))
}
