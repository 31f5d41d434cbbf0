/** Names that accounts agree on without asking one another: roles are found by name, in every account. */
export const roleNames = {
  portal: 'EnchiladaPortal',
  observer: 'EnchiladaObserver',
  read: 'EnchiladaRead',
  connect: 'EnchiladaConnect',
  directory: 'EnchiladaDirectory',
  events: 'EnchiladaEvents',
} as const

export const queueNames = {
  events: 'enchilada-events',
  sweep: 'enchilada-sweep',
  observations: 'enchilada-observations',
} as const

export const TRAIL_GROUP = '/enchilada/trail'
