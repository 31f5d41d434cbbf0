import * as z from 'zod'
import { instanceIds, type ReadIds } from './event.ts'

const instancesSet = z.object({ instancesSet: z.object({ items: z.array(z.object({ instanceId: z.string() })) }) })
const resourcesSet = z.object({ resourcesSet: z.object({ items: z.array(z.object({ resourceId: z.string() })) }) })

const detailSchema = z.object({
  eventSource: z.literal('ec2.amazonaws.com'),
  eventName: z.string(),
  errorCode: z.string().optional(),
  requestParameters: z.unknown(),
  responseElements: z.unknown(),
})

const inInstancesSet = (value: unknown) =>
  instancesSet.safeParse(value).data?.instancesSet.items.map((item) => item.instanceId)

/** Where each call names its instances. RunInstances names them only in its answer. */
const places: Readonly<Record<string, (detail: z.infer<typeof detailSchema>) => string[] | undefined>> = {
  RunInstances: (detail) => inInstancesSet(detail.responseElements),
  StartInstances: (detail) => inInstancesSet(detail.requestParameters),
  StopInstances: (detail) => inInstancesSet(detail.requestParameters),
  TerminateInstances: (detail) => inInstancesSet(detail.requestParameters),
  CreateTags: (detail) =>
    resourcesSet.safeParse(detail.requestParameters).data?.resourcesSet.items.map((item) => item.resourceId),
  DeleteTags: (detail) =>
    resourcesSet.safeParse(detail.requestParameters).data?.resourcesSet.items.map((item) => item.resourceId),
}

/** "AWS API Call via CloudTrail": a call that failed or was a dry run changed nothing. */
export const readCloudTrail: ReadIds = (event) => {
  const detail = detailSchema.safeParse(event.detail).data
  if (!detail) return undefined
  if (detail.errorCode !== undefined) return []
  const place = places[detail.eventName]
  if (!place) return []
  const ids = place(detail)
  return ids === undefined ? undefined : instanceIds(ids)
}
