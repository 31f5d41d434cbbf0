/** For clients that somebody waits for: without `throwOnRequestTimeout` the SDK only warns of a service that never answers. */
export const patience = (requestTimeout: number) =>
  ({ connectionTimeout: 2_000, requestTimeout, throwOnRequestTimeout: true }) as const
