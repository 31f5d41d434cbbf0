import type { Route } from '../route.ts'
import { auditRoutes } from './audit.ts'
import { connectionRoutes } from './connections.ts'
import { hostKeyRoutes } from './host-keys.ts'
import { personRoutes } from './person.ts'
import { recordingRoutes } from './recordings.ts'
import { sessionRoutes } from './sessions.ts'
import { signInRoutes } from './sign-in.ts'
import { terminalRoutes } from './terminal.ts'

/** Every address that answers, but for the files of the pages. Who may use it stands beside it. */
export const routeTable: readonly Route[] = [
  ...personRoutes,
  ...connectionRoutes,
  ...hostKeyRoutes,
  ...sessionRoutes,
  ...terminalRoutes,
  ...recordingRoutes,
  ...auditRoutes,
  ...signInRoutes,
]
