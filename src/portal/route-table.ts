import { describeApi } from './openapi.ts'
import { definePublicRoute, type Route } from './route.ts'
import { auditRoutes } from './routes/audit.ts'
import { connectionRoutes } from './routes/connections.ts'
import { healthRoutes } from './routes/health.ts'
import { personRoutes } from './routes/person.ts'
import { recordingRoutes } from './routes/recordings.ts'
import { sessionRoutes } from './routes/sessions.ts'
import { signInRoutes } from './routes/sign-in.ts'

const routes: readonly Route[] = [
  ...healthRoutes,
  ...signInRoutes,
  ...personRoutes,
  ...connectionRoutes,
  ...sessionRoutes,
  ...recordingRoutes,
  ...auditRoutes,
]

const description = definePublicRoute({
  method: 'get',
  path: '/api/openapi.json',
  summary: 'This description',
  public: 'the shape of the API is in the repository for everybody',
  answer: { status: 200, description: 'OpenAPI 3.1' },
  handle: async ({ c }) => c.json(describeApi(routeTable)),
})

/** Every door there is but the terminal's WebSocket; each says who may use it. Order matters: fixed paths before `:id`. */
export const routeTable: readonly Route[] = [...routes, description]
