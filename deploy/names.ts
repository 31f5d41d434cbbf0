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
  guacamole: 'enchilada-guacamole',
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

/** Of one environment of the tunnel; an account may have several. */
export const tunnelNames = (environment: string) => ({
  stack: `EnchiladaManagementVpc-${environment}`,
  peer: (vpcId: string) => `EnchiladaPeer-${environment}-${vpcId}`,
  engineer: `EnchiladaTunnelEngineer-${environment}`,
  server: `EnchiladaTunnelServer-${environment}`,
  reaper: `EnchiladaTunnelReaper-${environment}`,
  accepter: `EnchiladaPeering-${environment}`,
  /** Connects and disconnects, in the shape of AWS Client VPN's log. */
  connections: `/enchilada/tunnel/${environment}`,
  trail: `/enchilada/trail/tunnel/${environment}`,
})
