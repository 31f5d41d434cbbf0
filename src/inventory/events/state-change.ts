import * as z from 'zod'
import { instanceIds, type ReadIds } from './event.ts'

const detailSchema = z.object({ 'instance-id': z.string() })

/** "EC2 Instance State-change Notification": its `state` is not believed, it may be replayed. */
export const readStateChange: ReadIds = (event) => {
  const detail = detailSchema.safeParse(event.detail).data
  return detail ? instanceIds([detail['instance-id']]) : undefined
}
