import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** What the portal counts; names begin with `enchilada_`. Labels are of closed lists: no path, no person. */
export type Meters = {
  request(route: string, method: string, status: number, seconds: number): void
  signIn(outcome: 'succeeded' | 'refused'): void
  stream(kind: 'connections' | 'sessions', change: 1 | -1): void
  socket(purpose: 'open' | 'resume' | 'watch', change: 1 | -1): void
  /** A terminal that was not opened. `code`: of docs/reference/errors.md. */
  refused(code: string): void
}

export function createMeters(registry: Registry): Meters {
  const registers = [registry]
  const requests = new Histogram({
    name: 'enchilada_http_request_seconds',
    help: 'How long requests took to answer, by route; a live list is answered when it begins',
    labelNames: ['route', 'method', 'status'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 1, 5],
    registers,
  })
  const signIns = new Counter({
    name: 'enchilada_sign_ins_total',
    help: 'Sign-ins that came back from the provider',
    labelNames: ['outcome'],
    registers,
  })
  const streams = new Gauge({
    name: 'enchilada_live_lists',
    help: 'Browsers that follow a list',
    labelNames: ['list'],
    registers,
  })
  const sockets = new Gauge({
    name: 'enchilada_terminal_sockets',
    help: 'WebSockets of terminals, by what they were opened for',
    labelNames: ['purpose'],
    registers,
  })
  const refusals = new Counter({
    name: 'enchilada_terminals_refused_total',
    help: 'Terminals that were not opened, by the code of the refusal',
    labelNames: ['code'],
    registers,
  })
  return {
    refused: (code) => refusals.inc({ code }),
    request: (route, method, status, seconds) => requests.observe({ route, method, status }, seconds),
    signIn: (outcome) => signIns.inc({ outcome }),
    stream: (list, change) => streams.inc({ list }, change),
    socket: (purpose, change) => sockets.inc({ purpose }, change),
  }
}
