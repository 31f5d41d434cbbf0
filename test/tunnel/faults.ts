import type { Fault } from '../../lab/aws/doors.ts'
import { engineNames } from '../../src/tunnel/engines/engine.ts'
import type { Death, LaptopFaults } from './stage.ts'

export type FaultPoint = { name: string; aws?: Fault[]; laptop?: LaptopFaults }

const actions = ['DescribeRouteTables', 'RunInstances', 'DescribeInstances', 'TerminateInstances'] as const
/** More than the SDK tries. */
const ALWAYS = 50

/** They name a server by its id. */
const NAMING: readonly string[] = ['DescribeInstances', 'TerminateInstances']

/** What may happen to each call of AWS: a failure before it takes effect, once and for good, and a reply that is lost, once and for good. */
const callsOf = (action: (typeof actions)[number]): FaultPoint[] => [
  { name: `${action} fails once`, aws: [{ action, code: 'InternalError', status: 500, count: 1 }] },
  { name: `${action} fails`, aws: [{ action, code: 'InternalError', status: 500, count: ALWAYS }] },
  { name: `${action} loses its reply once`, aws: [lost(action, 1)] },
  { name: `${action} loses every reply`, aws: [lost(action, ALWAYS)] },
  { name: `${action} is denied`, aws: [{ action, code: 'UnauthorizedOperation', status: 403, count: ALWAYS }] },
  { name: `${action} is throttled once`, aws: [{ action, code: 'RequestLimitExceeded', status: 503, count: 1 }] },
  ...(NAMING.includes(action) ? [unknownYet(action)] : []),
]

/** EC2 may not know for some seconds what it has just made. */
const unknownYet = (action: string): FaultPoint => ({
  name: `${action} does not know the server yet`,
  aws: [{ action, code: 'InvalidInstanceID.NotFound', status: 400, count: 3 }],
})

function lost(action: string, count: number): Fault {
  return { action, code: 'InternalError', status: 500, lost_reply: true, count }
}

const capacity = (count: number): Fault => ({
  action: 'RunInstances',
  code: 'InsufficientInstanceCapacity',
  status: 400,
  count,
})

/** How often `up` and its end write to the journal, record, set the network and call EC2, when nothing goes wrong. */
const doings = { journal: 5, trail: 4, network: 2, AWS: 4 } as const
/** One launch by what is remembered, its end, and one by what the tables say. */
const CALLS_WHEN_MOVED = 7

const doing = { journal: 'write to the journal', trail: 'record', network: 'change of the network', AWS: 'call of EC2' }

const deathsAt = (to: Death['to'], times: number): FaultPoint[] =>
  Array.from({ length: times }, (_, at) => at + 1).flatMap((n) =>
    (['before', 'after'] as const).map((when): FaultPoint => {
      const dies: Death = { when, to, n }
      return { name: `killed ${when} ${doing[to]} ${n}`, laptop: { dies } }
    }),
  )

const deaths = (['journal', 'trail', 'network', 'AWS'] as const).flatMap((to) => deathsAt(to, doings[to]))

const knowing = (
  knows: NonNullable<LaptopFaults['knows']>,
  said: string,
  points: readonly FaultPoint[],
): FaultPoint[] =>
  points.map(({ name, laptop, ...point }) => ({ ...point, name: `${said}, ${name}`, laptop: { ...laptop, knows } }))

/** The tables are asked while the server boots. */
const withRoutesKnown: FaultPoint[] = [
  ...knowing('truth', 'routes known', [
    { name: 'nothing goes wrong' },
    ...callsOf('DescribeRouteTables'),
    ...deathsAt('AWS', doings.AWS),
    { name: 'Ctrl-C at "routes are still the same"', laptop: { interruptAt: 'routes are still the same' } },
  ]),
  ...knowing('the past', 'routes moved', [
    { name: 'nothing goes wrong' },
    ...callsOf('TerminateInstances'),
    ...deathsAt('AWS', CALLS_WHEN_MOVED),
  ]),
]

const steps = [
  'signed in to AWS',
  'routes of the VPC and its peers',
  'server launched',
  'server has an address',
  'tunnel is up',
]

/** Every point at which `up` and its end can be hit, from the calls, the journal, the privileged door, the trail and the steps. */
const faultPoints: readonly FaultPoint[] = [
  { name: 'nothing goes wrong' },
  ...actions.flatMap(callsOf),
  { name: 'no capacity in the first place', aws: [capacity(1)] },
  { name: 'no capacity anywhere', aws: [capacity(ALWAYS)] },
  {
    name: 'more than the quota',
    aws: [{ action: 'RunInstances', code: 'VcpuLimitExceeded', status: 400, count: ALWAYS }],
  },
  ...[1, 2, 3, 4].map((n) => ({ name: `disk full at write ${n} of the journal`, laptop: { journalFrom: n } })),
  ...[1, 2, 3, 4].map((n) => ({ name: `trail refuses from record ${n}`, laptop: { trailFrom: n } })),
  { name: 'the network of the laptop cannot be set', laptop: { door: 'up' } },
  { name: 'the network of the laptop cannot be unset', laptop: { door: 'down' } },
  ...deaths,
  ...steps.map((interruptAt) => ({ name: `Ctrl-C at "${interruptAt}"`, laptop: { interruptAt } })),
  ...withRoutesKnown,
]

/** Each point once with each engine. */
export const faultTable = engineNames.flatMap((engine) => faultPoints.map((point) => ({ engine, ...point })))
