import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import GuacamoleLite from 'guacamole-lite'

const { guacdPort, cypher, key } = JSON.parse(process.argv[2] ?? '{}')
const server = new GuacamoleLite(
  { host: '127.0.0.1', port: 0 },
  { host: '127.0.0.1', port: guacdPort },
  { crypt: { cypher, key }, maxInactivityTime: 0, log: { level: 'QUIET' } },
)
await once(server.webSocketServer, 'listening')
console.log(JSON.stringify({ port: (server.webSocketServer.address() as AddressInfo).port }))
