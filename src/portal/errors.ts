import { defineErrors } from '../kernel/errors.ts'

export const portalErrors = defineErrors({
  NOT_SIGNED_IN: {
    message: 'You are not signed in, or your session is over',
    retryable: false,
    hint: 'Sign in, then repeat what you did.',
  },
  CROSS_SITE: {
    message: 'The request does not come from the pages of this portal',
    retryable: false,
    hint: 'Requests that change something carry the header `x-enchilada: 1` and come from the origin in `portal.url`.',
  },
  REQUEST_INVALID: {
    message: 'The request is not valid: {faults}',
    retryable: false,
    hint: 'The API is described in /api/openapi.json.',
  },
  NOT_FOUND: {
    message: 'There is nothing at {path}',
    retryable: false,
    hint: 'The API is described in /api/openapi.json.',
  },
  CONNECTION_UNKNOWN: {
    message: 'There is no such connection',
    retryable: false,
    hint: 'The instance may have ended a moment ago; look at the list.',
  },
  SESSION_UNKNOWN: {
    message: 'There is no such session',
    retryable: false,
    hint: 'Look at the list of sessions.',
  },
  SESSION_OVER: {
    message: 'The session is over',
    retryable: false,
    hint: 'Play its recording, or open a new session.',
  },
  NOT_YOUR_SESSION: {
    message: 'The session belongs to somebody else',
    retryable: false,
    hint: 'Only who opened a session can come back to it; others may watch.',
  },
  RECORDING_GOES_ON: {
    message: 'The session goes on: its recording has no index yet',
    retryable: true,
    hint: 'Watch the session, or wait for its end.',
  },
  TICKET_INVALID: {
    message: 'The ticket is used, too old, or not yours',
    retryable: true,
    hint: 'Ask for a new one; a ticket opens one WebSocket within 30 seconds.',
  },
  METRICS_DENIED: {
    message: 'The metrics are not for everybody',
    retryable: false,
    hint: 'Read them from the machine itself, or set `portal.metricsToken` and send it as a bearer token.',
  },
  ROUTE_UNGUARDED: {
    message: 'The route does not say who may use it',
    retryable: false,
    hint: 'This is a fault of Enchilada: report it with the address. Nothing was shown.',
  },
  PORTAL_FAILED: {
    message: 'Something went wrong in the portal',
    retryable: true,
    hint: 'Give the request id {request} to whoever keeps the portal: its log says what happened.',
  },
})
