import type { Environment, EnvironmentNetwork } from './environment.ts'
import { tunnelErrors } from './errors.ts'

export function environmentNamed(environments: readonly Environment[], name: string): Environment {
  const found = environments.find((one) => one.name === name)
  if (!found) throw tunnelErrors.TUNNEL_ENVIRONMENT_UNKNOWN({ name })
  return found
}

export function networkIn({ name, networks }: Environment, region: string | undefined): EnvironmentNetwork {
  const found = region === undefined ? networks[0] : networks.find((one) => one.region === region)
  if (found) return found
  const regions = networks.map((one) => one.region).join(', ')
  throw tunnelErrors.TUNNEL_NETWORK_UNKNOWN({ environment: name, region, regions })
}
