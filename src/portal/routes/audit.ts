import { auditListSchema, auditQuerySchema } from '../contract/audit.ts'
import { verificationSchema } from '../contract/recordings.ts'
import { defineRoute, type Route } from '../route.ts'
import { verifyWholeTrail } from '../verifications.ts'

const ask = async () => ({ question: { action: 'audit' as const }, subject: 'trail' })

export const auditRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/api/v1/audit',
    summary: 'Records of the trail, newest first',
    action: 'audit',
    ask,
    query: auditQuerySchema,
    answer: { status: 200, description: 'One page', schema: auditListSchema },
    async handle({ query, parts, c }) {
      const { limit, cursor, ...filter } = query
      return c.json(await parts.auditReader.list(filter, { limit, cursor }))
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/v1/audit/verification',
    summary: 'Check the whole trail against its checkpoints',
    action: 'audit',
    ask,
    answer: { status: 200, description: 'What was found', schema: verificationSchema },
    handle: async ({ parts, c }) => c.json(await verifyWholeTrail(parts)),
  }),
]
