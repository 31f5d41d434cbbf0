/**
 * Every table of the product. Neutral between SQLite and PostgreSQL: ids are text, JSON is text,
 * times are integer milliseconds since 1970, truth is 0 or 1.
 */
export type Schema = {
  scopes: ScopesTable
  instances: InstancesTable
  connections: ConnectionsTable
  policy_keys: PolicyKeysTable
  readers: ReadersTable
  visibility: VisibilityTable
  web_sessions: WebSessionsTable
  sign_in_attempts: SignInAttemptsTable
  tickets: TicketsTable
  sessions: SessionsTable
  host_keys: HostKeysTable
  observation_pages: ObservationPagesTable
  audit_writers: AuditWritersTable
  trail_outbox: TrailOutboxTable
  guacamole_history: GuacamoleHistoryTable
  guacamole_recordings: GuacamoleRecordingsTable
  guacamole_marks: GuacamoleMarksTable
  guacamole_policies: GuacamolePoliciesTable
  discovery_rules: DiscoveryRulesTable
  accounts_known: AccountsKnownTable
  turns: TurnsTable
}

/** Freshness per scope. `scope` is formatScope's text. */
export type ScopesTable = {
  scope: string
  tenant: string
  account: string
  region: string
  account_name: string | null
  state: 'fresh' | 'stale' | 'throttled' | 'denied' | 'closed' | 'disabled' | 'gone' | 'never'
  detail: string | null
  last_event_at: number | null
  /** When the last complete listing began. */
  last_sweep_at: number | null
  /** Fence for whole listings: when the last one applied began. */
  applied_begun_at: number
  /** Changes the last sweep had to make: what the events had missed. */
  drift: number
  /** Removals by absence held back by the brake. */
  held_back: number
}

/** The ledger of what AWS showed us. A row with `ended_at` is a tombstone and never comes back. */
export type InstancesTable = {
  scope: string
  id: string
  state: string
  /** instanceSchema as JSON. */
  data: string
  /** Fence: when the last observation that spoke about it began. */
  seen_at: number
  /** Start of the first complete listing that lacked it; cleared when seen again. */
  missing_since: number | null
  ended_at: number | null
}

/** What may be opened: the built-in catalogue. */
export type ConnectionsTable = {
  id: string
  scope: string
  tenant: string
  account: string
  region: string
  instance_id: string
  protocol: string
  port: number
  name: string
  /** JSON array, outermost first. */
  group_path: string
  network: string
  user_name: string | null
  credential: string | null
  instance_state: string
  /** instanceSchema as JSON. */
  instance: string
  /** Joins `visibility`: hash of all that a policy can tell apart. */
  policy_key: string
  /** Lower-case words that a search looks through. */
  search: string
  fingerprint: string
  updated_at: number
}

/** What stands behind a policy key: the policy's Facts as JSON. Kept after the instance, for its recordings. */
export type PolicyKeysTable = { policy_key: string; facts: string }

/** A set of groups that somebody signed in with (a person too, where a policy names one), and what it was judged by. */
export type ReadersTable = {
  reader: string
  /** JSON: groups, and person id where it matters. */
  data: string
  policy_hash: string
  seen_at: number
}

/** Materialised: `reader` is `<action> <readers.reader>`, such as `list 3fa85f64`; it could be allowed that action on the policy key. */
export type VisibilityTable = { policy_key: string; reader: string }

/** `id_hash` = sha256 hex of the cookie's value. */
export type WebSessionsTable = {
  id_hash: string
  /** personSchema as JSON. */
  person: string
  person_id: string
  created_at: number
  seen_at: number
  expires_at: number
  /** The provider's session id, for back-channel logout. */
  provider_session: string | null
}

export type SignInAttemptsTable = {
  state_hash: string
  /** JSON: nonce, PKCE verifier, where to go afterwards. */
  data: string
  expires_at: number
}

/** Single use: taken by deleting the row. */
export type TicketsTable = {
  hash: string
  web_session_hash: string
  purpose: 'open' | 'watch' | 'resume'
  /** Connection id for `open`, session id for `watch` and `resume`. */
  subject: string
  expires_at: number
}

export type SessionsTable = {
  id: string
  connection_id: string
  scope: string
  tenant: string
  account: string
  instance_id: string
  connection_name: string
  group_path: string
  protocol: string
  person_id: string
  person_name: string
  policy_key: string
  started_at: number
  ended_at: number | null
  end_reason: string | null
  node: string
  heartbeat_at: number
  /** `none`, `recording`, `sealed`, `broken`. */
  recording: string
  /** The operator who wants it ended. */
  end_asked_by: string | null
}

export type HostKeysTable = {
  scope: string
  instance_id: string
  /** OpenSSH's name, such as ssh-ed25519. */
  algorithm: string
  /** base64 of the wire format. */
  key: string
  /** `console-output`, `operator`, `first-use`. */
  learned_by: string
  learned_at: number
}

/** Pages of an observation too large for one message, until the last has come. */
export type ObservationPagesTable = {
  scope: string
  observation: string
  begun_at: number
  page: number
  pages: number
  data: string
  received_at: number
}

/** Names of chains whose writers have no disk of their own: who holds one may append to its chain. */
export type AuditWritersTable = {
  name: string
  /** A token of the process. */
  holder: string
  held_until: number
}
/** Records of changes, written in the transaction of the change, until a node has put them into its trail. `id`: sorts as the changes were made. */
export type TrailOutboxTable = {
  id: string
  /** AuditEvent as JSON. */
  event: string
}

/** One row, id 1: what `serve` found in its configuration, for whoever applies observations elsewhere. */
export type DiscoveryRulesTable = { id: number; rules: string }

/** Rows of a Guacamole's history that the trail was told of. `id` is Guacamole's. */
export type GuacamoleHistoryTable = {
  kind: 'session' | 'login'
  id: number
  /** By Guacamole's clock. */
  started_at: number
  /** By ours: the first look that found it. Null: before that was kept. */
  seen_at: number | null
  /** By how much Guacamole's clock was ahead when it wrote `started_at`, where that is known. */
  ahead_ms: number | null
  /** `start`: the end is still to come. `live`: that too, and a node was seen to hold it. `end`: nothing is to come. */
  told: 'start' | 'live' | 'end'
}

/** The last list of accounts (id 1) and of regions (id 2), and which of those that we hold it lacked, as JSON. */
export type AccountsKnownTable = { id: number; known: string }

/** Ownership marks of a Guacamole that does not keep them itself. `object`: such as `connection 12`. */
export type GuacamoleMarksTable = {
  target: string
  object: `${'connection' | 'connectionGroup'} ${string}`
  mark: string
}

/** One row, id 1: the policy files in force for a Guacamole, as JSON, for whoever keeps it in step without them. */
export type GuacamolePoliciesTable = { id: number; files: string }

/** What the trail was told of the recording of a Guacamole's session. `session`: its uuid there. */
export type GuacamoleRecordingsTable = { session: string; told: 'sealed' | 'missing' }

/** Loops that one node at a time runs for all, and until when it does. */
export type TurnsTable = { name: string; holder: string; held_until: number }
