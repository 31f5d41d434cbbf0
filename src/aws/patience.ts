/** For clients that somebody waits for: without `throwOnRequestTimeout` the SDK only warns of a service that never answers. */
export const patience = (requestTimeout: number) =>
  ({ connectionTimeout: 2_000, requestTimeout, throwOnRequestTimeout: true }) as const

/** The SDK retries, and nobody else does. Adaptive mode would keep its rate per client, which lives for one visit only. */
export const RETRIES = { maxAttempts: 4, retryMode: 'standard' } as const
