/** What the lab's own doors beside AWS's take and give; served by lab/aws/cloud/doors.py. */

export type Fault = {
  /** Where it strikes; what is left out matches anything. */
  service?: string
  action?: string
  account?: string
  region?: string
  /** How often: at most `count` times, every n-th call, with a probability. Without `count`: until replaced. */
  count?: number
  every?: number
  probability?: number
  /** What it does: an error in the service's own protocol, a delay, or both. */
  code?: string
  message?: string
  status?: number
  delay_ms?: number
  /** The call takes effect, and the error is all that the caller sees. */
  lost_reply?: boolean
  /** A token bucket by account and region: RequestLimitExceeded beyond `burst` plus `rate` a second. */
  rate?: number
  burst?: number
  /** DescribeInstances gives at most so many on a page, and a token for the rest. */
  short_page?: number
  /** DescribeInstances answers as it would have so long ago. */
  stale_ms?: number
  /** DescribeRegions answers as for an account that has switched these off. */
  switched_off?: string[]
}

export type LabInstance = {
  id: string
  account: string
  region: string
  zone: string
  state: 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped'
  /** Goes up with every change of state. */
  changes: number
  privateIp: string | null
  publicIp: string | null
  vpc: { id: string; cidr: string } | null
  subnet: { id: string; cidr: string } | null
  mac: string | null
  image: string
  platform: 'linux' | 'windows'
  type: string
  /** Base64, as it was given. */
  userData: string | null
  shutdownBehavior: 'stop' | 'terminate'
  keyName: string | null
  /** OpenSSH format, of the key pair that `keyName` names. */
  publicKey: string | null
  instanceProfile: string | null
  metadataTokens: 'optional' | 'required'
  /** Whether the instance may read its own tags. */
  metadataTags: 'enabled' | 'disabled'
  launchTime: string
  tags: Record<string, string>
}

export type InstanceCredentials = {
  role: string
  accessKeyId: string
  secretAccessKey: string
  token: string
  /** ISO 8601, UTC. */
  expiration: string
}

/** Probabilities in 0..1, times in milliseconds. */
export type EventKnobs = {
  drop?: number
  duplicate?: number
  reorder?: number
  reorder_ms?: number
  delay_ms?: number
  jitter_ms?: number
  seed?: number
}

export type BusEvent = {
  id: string
  source: string
  'detail-type': string
  account: string
  region: string
  time: string
  resources: string[]
  detail: Record<string, unknown>
}

export type EventReport = {
  knobs: EventKnobs
  counts: Record<string, number>
  refused: string[]
  recent: BusEvent[]
}

export type AssumedSession = {
  at: number
  role: string
  sessionName: string
  sourceIdentity?: string
  externalId?: string
  caller: string
  accessKeyId: string
  durationSeconds: number
}

export type CallCount = {
  account: string
  region: string
  service: string
  action: string
  calls: number
  failed: number
}

/** What a role's session asked IAM for, and the statement that allowed it; no `sid` where none has one, or where it was refused. */
export type AskedPermission = { role: string; action: string; allowed: boolean; sid: string }

export type SentKey = { instance: string; user: string; key: string; account: string; at: number; until: number }

export type LabDoors = ReturnType<typeof openDoors>

export function openDoors(endpoint: string) {
  async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const text = typeof body === 'string' ? body : body === undefined ? null : JSON.stringify(body)
    const answer = await fetch(`${endpoint}/lab/${path}`, { method, body: text })
    if (!answer.ok) throw new Error(`${method} /lab/${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as T
  }
  return {
    /** Replaces every fault; `seed` begins the random sequence anew. */
    setFaults: (faults: Fault[], seed?: number) =>
      ask('POST', 'faults', seed === undefined ? faults : { faults, seed }),
    faults: () => ask<(Fault & { seen: number; hits: number })[]>('GET', 'faults'),
    /** Replaces every knob. */
    setEvents: (knobs: EventKnobs) => ask<EventKnobs>('POST', 'events', knobs),
    events: (limit = 100) => ask<EventReport>('GET', `events?limit=${limit}`),
    /** Sends kept events again, unchanged; further fields are compared with those of `detail`. */
    replayEvents: (chosen: { since?: number; instance?: string; kind?: string; [field: string]: unknown }) =>
      ask<{ replayed: number }>('POST', 'events/replay', chosen),
    /** Puts an event on an account's default bus as AWS would, whatever it says. */
    injectEvent: (account: string, region: string, event: Record<string, unknown>) =>
      ask('POST', 'events/inject', { account, region, event }),
    instances: (state?: LabInstance['state']) =>
      ask<LabInstance[]>('GET', state ? `instances?state=${state}` : 'instances'),
    instance: (id: string) => ask<LabInstance>('GET', `instances/${id}`),
    /** What its metadata service gives for the role of its instance profile; null without one. */
    credentials: (id: string) => ask<InstanceCredentials | null>('GET', `instances/${id}/credentials`),
    /** What a host did itself; `powered-off` follows its shutdown behaviour. */
    setInstanceState: (id: string, state: 'powered-off' | 'stopped' | 'terminated') =>
      ask<LabInstance>('POST', `instances/${id}/state`, { state }),
    putConsole: (id: string, text: string) => ask('PUT', `console/${id}`, text),
    putPassword: (id: string, encryptedBase64: string) => ask('PUT', `password/${id}`, encryptedBase64),
    sentKeys: (id: string, user?: string) =>
      ask<SentKey[]>('GET', `instance-connect?instance=${id}${user ? `&user=${encodeURIComponent(user)}` : ''}`),
    assumed: () => ask<AssumedSession[]>('GET', 'assumed'),
    /** Fires schedules at once, whatever their expression: all, or those whose ARN contains `name`. */
    fireSchedules: (name?: string) => ask<{ fired: string[] }>('POST', 'schedules/fire', { name }),
    /** CloudFormation resource types that stacks asked for and the emulator did not make. */
    ignoredResources: () => ask<string[]>('GET', 'ignored'),
    permissions: () => ask<AskedPermission[]>('GET', 'permissions'),
    resetPermissions: () => ask('DELETE', 'permissions'),
    stats: () => ask<{ calls: CallCount[] }>('GET', 'stats'),
    resetStats: () => ask('DELETE', 'stats'),
  }
}
