/** The state behind the stand-in: instances by account and region, and queues. Knows nothing of protocols. */
export type StandInInstance = {
  id: string
  account: string
  region: string
  state: 'running' | 'stopped' | 'terminated'
  privateIp: string
  launchedAt: number
  tags: Readonly<Record<string, string>>
  /** What GetConsoleOutput answers. */
  console?: string
}

type Given = { tags?: Record<string, string>; privateIp?: string; console?: string; launchedAt?: number }

export type Cloud = {
  launch(account: string, region: string, given?: Given): StandInInstance
  terminate(id: string): void
  find(id: string): StandInInstance | undefined
  list(account: string, region: string): readonly StandInInstance[]
  /** How often each `Service:Action` was called. */
  readonly calls: Map<string, number>
}

export function createCloud(now: () => number = Date.now): Cloud {
  const byId = new Map<string, StandInInstance>()
  const byPlace = new Map<string, StandInInstance[]>()
  let count = 0
  return {
    calls: new Map(),
    launch(account, region, { tags, ...given } = {}) {
      count += 1
      const instance: StandInInstance = {
        id: `i-${count.toString(16).padStart(17, '0')}`,
        account,
        region,
        state: 'running',
        privateIp: `10.${(count >> 16) & 255}.${(count >> 8) & 255}.${count & 255}`,
        launchedAt: now(),
        tags: { Name: `host-${count}`, ...tags },
        ...given,
      }
      byId.set(instance.id, instance)
      const place = `${account}/${region}`
      const there = byPlace.get(place)
      if (there) there.push(instance)
      else byPlace.set(place, [instance])
      return instance
    },
    terminate(id) {
      const instance = byId.get(id)
      if (instance) instance.state = 'terminated'
    },
    find: (id) => byId.get(id),
    list: (account, region) => byPlace.get(`${account}/${region}`) ?? [],
  }
}
