import { stringify } from 'yaml'
import type { Organisation } from '../aws/organisation.ts'
import { CUSTOMER } from './customer.ts'
import type { Wiring } from './deploy-stacks.ts'

export type ProductPlace = {
  portalPort: number
  issuer: string
  clientId: string
  organisation: Organisation
  wiring: Wiring
  /** Functions do discovery. */
  lambda: boolean
  /** `catalogue.guacamole`: an Apache Guacamole that is kept in step. */
  guacamole?: Record<string, unknown>
}

/** What an administrator writes: one enchilada.yaml. With functions, what proves the rest lies in AWS as well. */
export function configurationOf({ portalPort, issuer, clientId, wiring, lambda, guacamole }: ProductPlace): string {
  const data = `${CUSTOMER}/data`
  return stringify({
    tenant: 'acme',
    portal: { url: `http://localhost:${portalPort}`, listen: `127.0.0.1:${portalPort}` },
    signIn: {
      issuer,
      clientId,
      clientSecret: { env: 'ENCHILADA_CLIENT_SECRET' },
      scopes: ['openid', 'profile', 'email', 'groups'],
    },
    store: lambda ? { postgres: { env: 'DATABASE_URL' } } : { sqlite: `${data}/enchilada.db` },
    aws: {
      homeRegion: wiring.homeRegion,
      organizationRole: wiring.directoryRole,
      regions: ['eu-west-1', 'us-east-1'],
      eventQueue: wiring.queueUrl,
    },
    ...(wiring.environment !== undefined &&
      !lambda && { tunnels: { environments: `${CUSTOMER}/environments`, reapEvery: '2s' } }),
    discovery: lambda ? { by: 'lambda' } : { sweepEvery: '1m' },
    access: { policies: `${CUSTOMER}/policies` },
    ...(guacamole && { catalogue: { guacamole } }),
    recordings: {
      directory: `${data}/recordings`,
      ...(lambda && { s3: { url: `${wiring.recordingsUrl}/recordings` } }),
    },
    audit: {
      directory: `${data}/audit`,
      checkpoints: lambda ? `${wiring.checkpointsUrl}/trail` : `${data}/checkpoints`,
      checkpointEvery: '3s',
      signingKey: lambda ? { kms: wiring.signingKey } : `${data}/signing.pem`,
      // The functions have no disk: their chains are there alone.
      ...(lambda && { cloudWatchLogs: { group: wiring.trailGroup } }),
    },
  })
}

/** Who may do what in the lab: engineers everywhere, bob in one account, operators and auditors their own work. */
export const policiesOf = (organisation: Organisation): string => `
permit (
  principal in Enchilada::Group::"engineer",
  action in [Enchilada::Action::"list", Enchilada::Action::"connect"],
  resource
) when { context.mfa };

permit (
  principal in Enchilada::Group::"engineer-workload-1",
  action in [Enchilada::Action::"list", Enchilada::Action::"connect"],
  resource
) when { context.mfa && resource.account == "${organisation.accounts['workload-1'].id}" };

permit (principal, action == Enchilada::Action::"play", resource) when { resource.owner == principal };

permit (
  principal in Enchilada::Group::"auditor",
  action in [Enchilada::Action::"play", Enchilada::Action::"watch", Enchilada::Action::"audit"],
  resource
);

permit (
  principal in Enchilada::Group::"operator",
  action in [Enchilada::Action::"list", Enchilada::Action::"watch", Enchilada::Action::"end", Enchilada::Action::"administer"],
  resource
);
`

/** A Guacamole asks for a second factor itself; its policies may speak of groups alone. */
export const GUACAMOLE_POLICIES = `
permit (principal in Enchilada::Group::"engineer", action == Enchilada::Action::"connect", resource);
`
