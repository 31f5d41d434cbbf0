import type { AddressInfo } from 'node:net'
import ssh2 from 'ssh2'
import { WebSocketServer } from 'ws'

/** ssh2 piped to a WebSocket, nothing else: no sign-in, no policy, no host key, no recording, no trail, no back-pressure. */
const { port, username, password, cols, rows } = JSON.parse(process.argv[2] ?? '{}')
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
server.on('listening', () => console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })))
server.on('connection', (socket) => {
  const client = new ssh2.Client()
  client.on('error', () => socket.close())
  client.on('ready', () => {
    client.shell({ term: 'xterm-256color', cols, rows }, (error, stream) => {
      if (error) return socket.close()
      stream.on('data', (bytes: Buffer) => socket.send(bytes))
      socket.on('message', (bytes: Buffer) => stream.write(bytes))
      socket.on('close', () => client.end())
    })
  })
  // Else every key waits 40 ms for an acknowledgement (Nagle); many web terminals leave it so.
  client.on('connect', () => client.setNoDelay(true))
  client.connect({ host: '127.0.0.1', port, username, password })
})
