/** Names that accounts agree on without asking one another: roles are found by name, in every account. */
export const roleNames = {
  portal: 'EnchiladaPortal',
  observer: 'EnchiladaObserver',
  read: 'EnchiladaRead',
  connect: 'EnchiladaConnect',
  directory: 'EnchiladaDirectory',
} as const

export const queueNames = {
  events: 'enchilada-events',
  sweep: 'enchilada-sweep',
  observations: 'enchilada-observations',
} as const

export const TRAIL_GROUP = '/enchilada/trail'

/** Secrets and parameters that open targets are called so: the portal can read no others. */
export const SECRET_PREFIX = 'enchilada/'

export const stackNames = {
  evidence: 'EnchiladaEvidence',
  shared: 'EnchiladaShared',
  directory: 'EnchiladaDirectory',
  workload: 'EnchiladaWorkload',
} as const
