import type { Registry } from 'prom-client'
import type { Access } from '../access/access.ts'
import type { RecordFilter, RecordPage } from '../audit/list-records.ts'
import type { TrailVerification } from '../audit/verify-trail.ts'
import type { PortalSettings } from '../config/portal-settings.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { HostKeys } from '../gateway/host-keys.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import type { Secret } from '../kernel/secret.ts'
import type { Trail } from '../model/audit-event.ts'
import type { Recordings } from '../recording/recordings.ts'
import type { SignIn } from '../sign-in/sign-in.ts'
import type { Store } from '../store/store.ts'

/** The trail as its readers see it. */
export type AuditReader = {
  /** Newest first. */
  list(filter: RecordFilter, page: { limit: number; cursor?: string | undefined }): Promise<RecordPage>
  verify(): Promise<TrailVerification>
}

export type RecordingReader = Pick<
  Recordings,
  'facts' | 'summary' | 'index' | 'slice' | 'search' | 'asciicast' | 'guacamole' | 'verify'
>

/** All that the portal is made of. */
export type PortalDeps = {
  store: Store
  signIn: SignIn
  access: Access
  gateway: Pick<Gateway, 'open' | 'resume' | 'watch' | 'end'>
  hostKeys: Pick<HostKeys, 'pinned' | 'replace'>
  auditReader: AuditReader
  recordingReader: RecordingReader
  trail: Trail
  settings: PortalSettings
  /** ms; an account and region without a complete listing for so long is stale. */
  staleAfter: number
  clock: Clock
  log: Log
  metrics: Registry
  /** Asked for by /metrics when set. */
  metricsToken?: Secret | undefined
  /** Each rejects while that part cannot do its work; /readyz names them. The store is asked in any case. */
  ready: Readonly<Record<string, () => Promise<void> | void>>
  /** Folder of the built pages. */
  webRoot: string
}
