import { type AttemptLimit, createAttemptLimit } from './http/attempt-limit.ts'
import { type ClientAddress, createClientAddress } from './http/client-address.ts'
import { type ConnectionFeed, createConnectionFeed } from './live/connection-feed.ts'
import { createDoors, type Doors } from './live/doors.ts'
import { createSessionFeed, type SessionFeed } from './live/session-feed.ts'
import { createMeters, type Meters } from './metrics.ts'
import type { PortalDeps } from './ports.ts'
import { createPlaybackNotes, type PlaybackNotes } from './recording-use.ts'
import { createTickets, type Tickets } from './tickets.ts'

/** What the routes work with: what the portal was given, and what it keeps itself. */
export type Parts = PortalDeps & {
  tickets: Tickets
  connectionFeed: ConnectionFeed
  sessionFeed: SessionFeed
  doors: Doors
  meters: Meters
  signInLimit: AttemptLimit
  playbacks: PlaybackNotes
  clientAddress: ClientAddress
  /** `portal.url` without a path: what Origin must be. */
  origin: string
}

export function assembleParts(deps: PortalDeps): Parts {
  return {
    ...deps,
    tickets: createTickets(deps),
    connectionFeed: createConnectionFeed(deps),
    sessionFeed: createSessionFeed(deps),
    doors: createDoors(),
    meters: createMeters(deps.metrics),
    signInLimit: createAttemptLimit(deps.clock, { burst: 20, everyMs: 3_000 }),
    playbacks: createPlaybackNotes(),
    clientAddress: createClientAddress(deps.settings.trustedProxies),
    origin: new URL(deps.settings.url).origin,
  }
}
