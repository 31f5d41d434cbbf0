import { createServer } from 'node:net'

/** Run inside a network namespace: listens there, hands the listening socket to the parent process, and ends. */
const [address = '', port = ''] = process.argv.slice(2)
const server = createServer()
server.listen(Number(port), address, () => {
  process.send?.('listening', server, () => process.disconnect())
})
server.on('error', (error) => {
  console.error(`cannot listen on ${address}:${port}: ${error.message}`)
  process.exit(1)
})
process.on('disconnect', () => process.exit(0))
