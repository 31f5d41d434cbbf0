import type { Cloud } from '../stand-in/cloud.ts'

export type Place = { account: string; region: string }

/** Spreads instances over places, with tags as a company has them. */
export function fillFleet(cloud: Cloud, places: readonly Place[], instances: number): void {
  for (let n = 0; n < instances; n += 1) {
    const { account = '', region = '' } = places[n % places.length] ?? {}
    cloud.launch(account, region, {
      tags: {
        Name: `${['web', 'api', 'batch', 'database'][n % 4]}-${n}`,
        team: `team-${n % 20}`,
        environment: n % 3 ? 'production' : 'test',
        'cost-centre': String(4_000 + (n % 37)),
      },
    })
  }
}

/** The person sees two thirds of the fleet: by team, by environment, by account, and never what is fenced off. */
export const policiesOf = (account: string): string => `
permit (principal in Enchilada::Group::"engineer", action in [Enchilada::Action::"list", Enchilada::Action::"connect"], resource)
when { context.mfa && resource.hasTag("environment") && resource.getTag("environment") == "production" };
permit (principal in Enchilada::Group::"team-7", action in [Enchilada::Action::"list", Enchilada::Action::"connect"], resource)
when { context.mfa && resource.hasTag("team") && resource.getTag("team") == "team-7" };
forbid (principal, action in [Enchilada::Action::"list", Enchilada::Action::"connect"], resource) when { resource.account == "${account}" };
permit (principal in Enchilada::Group::"auditor", action == Enchilada::Action::"play", resource);
`
